// SPDX-License-Identifier: MIT

// A copy is a walk of the source with the destination's directories kept in step. What makes it
// more than that is order: permissions, access lists and times of a directory come after what is
// in it, and a node's owner comes before what changing the owner would take away.

#include "quire/transfer/copier.hpp"

#include <fmt/core.h>

#include "copy_job.hpp"

namespace quire::transfer {

Copier::Copier(std::shared_ptr<fs::Tree> to, fs::Call call, CopyOptions options, Listener& listener,
               Progress& progress)
    : to_(std::move(to)), call_(std::move(call)), options_(options), account_(listener, progress) {}

void Copier::copy(const Source& source, const Destination& destination) {
    Job(*this, source).copy_to(destination);
}

void Copier::merge(const Source& source, const fs::NodeReference& directory,
                   const std::string& shown) {
    Job(*this, source).merge_into(directory, shown);
}

void Copier::Job::copy_to(const Destination& destination) {
    top_ = destination.directory;
    top_name_ = destination.name.text();
    to_shown_ = destination.shown;
    behind_link_ = destination.behind_link;
    if (is_same(top_) || is_below_source(top_)) {
        if (from_.node->type() == fs::FileType::directory) {
            problem("",
                    Error(std::errc::invalid_argument, "a directory cannot be copied into itself"));
            return;
        }
    }
    push(top_, false);
    run();
}

void Copier::Job::merge_into(const fs::NodeReference& directory, const std::string& shown) {
    top_ = directory;
    to_shown_ = shown;
    merging_ = true;
    if (is_same(directory) || is_below_source(directory)) {
        problem("", Error(std::errc::invalid_argument, "a directory cannot be copied into itself"));
        return;
    }
    run();
}

void Copier::Job::run() {
    Walker walker(from_.tree, from_.call, from_.node, copier_.options_.follow);
    while (auto step = walker.next()) {
        if (copier_.account_.stop()) return;
        switch (step->kind) {
            case Step::Kind::problem:
                problem(step->path, *step->error);
                break;
            case Step::Kind::enter:
                if (!enter(*step)) walker.skip_children();
                break;
            case Step::Kind::leave:
                leave(*step);
                break;
            case Step::Kind::leaf:
                leaf(*step);
                break;
        }
    }
}

bool Copier::Job::enter(const Step& step) {
    copier_.account_.begin(step.path);
    if (!copier_.options_.recursive) {
        problem(step.path, Error(std::errc::is_a_directory,
                                 "it is a directory, which is copied only recursively (-R)"));
        targets_.push_back({});
        return false;
    }
    if (comparable_ && first_made_ == step.node->handle()) {
        problem(step.path,
                Error(std::errc::invalid_argument, "a directory cannot be copied into itself"));
        targets_.push_back({});
        return false;
    }
    auto made = make_directory(step);
    if (!made) {
        problem(step.path, made.error());
        targets_.push_back({});
        return false;
    }
    return true;
}

// Finds or makes the directory that step's goes to, and goes down into it.
Result<void> Copier::Job::make_directory(const Step& step) {
    if (merging_ && step.depth == 0) {
        push(top_, has_default_list(top_));
        targets_.push_back({.entered = true});
        return {};
    }
    if (missing_ > 0) {
        ++missing_;
        targets_.push_back({.entered = true, .missing = true});
        done(Action::made, step.path);
        return {};
    }
    QUIRE_TRY_ASSIGN(Name name, name_of(step));
    QUIRE_TRY_ASSIGN(fs::NodeReference directory, chain_.top());
    fs::Tree& to = *copier_.to_;
    auto existing = to.lookup(copier_.call_, directory, name);
    if (existing && (*existing)->type() != fs::FileType::directory)
        return fail(std::errc::not_a_directory,
                    "a directory cannot replace something that is none");
    if (existing && is_node(*existing, step.node))
        return fail(std::errc::invalid_argument, "source and destination are the same directory");
    if (existing) {
        push(*existing, has_default_list(*existing));
        targets_.push_back({.entered = true});
        return {};
    }
    if (existing.error() != std::errc::no_such_file_or_directory) return fail(existing.error());
    if (copier_.options_.dry_run) {
        missing_ = 1;
        targets_.push_back({.entered = true, .missing = true});
        done(Action::made, step.path);
        return {};
    }
    // Open for us whatever it will be in the end, closed for others until then.
    std::uint16_t permissions =
        copier_.options_.preserve.mode ? std::uint16_t{0700} : usual_permissions(step) | 0700;
    QUIRE_TRY_ASSIGN(fs::NodeReference made,
                     to.make_directory(copier_.call_, directory, name, permissions));
    if (!first_made_) first_made_ = made->handle();
    // It inherited the default list of the directory around it, if that has one.
    push(made, lists_inherited_.back());
    targets_.push_back({.entered = true, .fresh = true});
    done(Action::made, step.path);
    return {};
}

void Copier::Job::leave(const Step& step) {
    Target target = targets_.back();
    targets_.pop_back();
    if (!target.entered) return;
    if (target.missing) {
        --missing_;
        return;
    }
    auto directory = chain_.top();
    bool inherited = lists_inherited_.back();
    pop();
    if (copier_.options_.dry_run) return;
    if (!directory) {
        problem(step.path, directory.error());
        return;
    }
    if (!step.node) {
        problem(step.path, step.error.value_or(Error(std::errc::io_error)));
        return;
    }
    auto kept = keep_metadata(step, *directory, target.fresh, inherited);
    if (!kept) problem(step.path, kept.error());
}

void Copier::Job::leaf(const Step& step) {
    copier_.account_.begin(step.path);
    auto copied = copy_leaf(step);
    if (!copied) problem(step.path, copied.error());
}

Result<void> Copier::Job::copy_leaf(const Step& step) {
    if (missing_ > 0) {
        done(Action::made, step.path);
        return {};
    }
    fs::Tree& to = *copier_.to_;
    const CopyOptions& options = copier_.options_;
    if (from_.carries_destination && from_.carries_destination(step.node->handle()))
        return fail(std::errc::invalid_argument,
                    "it carries the destination, and cannot be copied into itself");
    QUIRE_TRY_ASSIGN(Name name, name_of(step));
    QUIRE_TRY_ASSIGN(fs::NodeReference directory, chain_.top());
    auto existing = to.lookup(copier_.call_, directory, name);
    if (!existing && existing.error() != std::errc::no_such_file_or_directory)
        return fail(existing.error());
    fs::NodeReference old = existing ? *std::move(existing) : fs::NodeReference();
    if (old && step.depth == 0 && behind_link_) old = behind_link_;
    if (old) {
        QUIRE_TRY_ASSIGN(bool goes_on, may_replace(step, old));
        if (!goes_on) {
            done(Action::skipped, step.path);
            return {};
        }
    }
    Action action = old ? Action::replaced : Action::made;
    if (options.dry_run) {
        done(action, step.path);
        return {};
    }
    const Copied* first = options.preserve.links && step.attributes.links > 1
                              ? copier_.links_.find(*from_.tree, step.node->handle())
                              : nullptr;
    if (first) {
        QUIRE_TRY_ASSIGN(bool linked, link_to(*first, old, directory, name));
        if (linked) {
            done(Action::linked, step.path);
            return {};
        }
    }
    QUIRE_TRY_ASSIGN(fs::NodeReference made, write(step, std::move(old), directory, name));
    if (options.preserve.links && step.attributes.links > 1)
        copier_.links_.add(*from_.tree, step.node->handle(), step.attributes.links,
                           {top_, path_below_top(step.path), made->handle()});
    done(action, step.path);
    return {};
}

// Gives the node of an earlier name this name as well. False: that node is not there any more, and
// the content has to be copied again.
Result<bool> Copier::Job::link_to(const Copied& first, const fs::NodeReference& old,
                                  const fs::NodeReference& directory, const Name& name) {
    fs::Tree& to = *copier_.to_;
    auto node = find_beneath(to, copier_.call_, first.top, first.path);
    if (!node || (*node)->handle() != first.handle) return false;
    if (old) {
        if (old->handle() == first.handle) return true;
        QUIRE_TRY(to.remove(copier_.call_, directory, name));
    }
    auto linked = to.link(copier_.call_, *node, directory, name);
    if (!linked && linked.error() == std::errc::too_many_links) return false;
    if (!linked) return fail(linked.error());
    return true;
}

Result<bool> Copier::Job::may_replace(const Step& step, const fs::NodeReference& old) {
    if (is_node(old, step.node))
        return fail(std::errc::invalid_argument, "source and destination are the same file");
    if (old->type() == fs::FileType::directory)
        return fail(std::errc::is_a_directory, "a directory cannot be replaced by something else");
    if (copier_.options_.existing == Existing::keep) return false;
    if (copier_.options_.existing == Existing::replace_older) {
        QUIRE_TRY_ASSIGN(fs::Attributes now, copier_.to_->attributes(copier_.call_, old));
        return now.modify < step.attributes.modify;
    }
    return true;
}

}  // namespace quire::transfer

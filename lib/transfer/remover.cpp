// SPDX-License-Identifier: MIT

#include "quire/transfer/remover.hpp"

namespace quire::transfer {

namespace {

bool is_missing(const Error& error) {
    return error == std::errc::no_such_file_or_directory;
}

}  // namespace

Remover::Remover(std::shared_ptr<fs::Tree> tree, fs::Call call, RemoveOptions options,
                 Listener& listener, Progress& progress)
    : tree_(std::move(tree)),
      call_(std::move(call)),
      options_(options),
      account_(listener, progress),
      chain_(tree_, call_) {}

void Remover::remove(const fs::NodeReference& directory, const Name& name, std::string_view shown) {
    path_ = shown;
    chain_.push(directory);
    visit(name);
    while (!frames_.empty()) {
        if (account_.stop()) {
            fail_here(Error(std::errc::operation_canceled));
            break;
        }
        Frame& frame = frames_.back();
        path_.resize(frame.path_length);
        if (frame.next == frame.listing.size()) {
            leave();
            continue;
        }
        const std::string_view text = frame.listing[frame.next++];
        path_ += '/';
        path_ += text;
        if (auto child = Name::parse(text))
            visit(*child);
        else
            fail_here(child.error());
    }
    frames_.clear();
    chain_ = DirectoryChain(tree_, call_);
}

// Removes what a name leads to, or begins with its directory. The name is one of the deepest
// directory of the chain.
void Remover::visit(const Name& name) {
    account_.begin(path_);
    const auto directory = chain_.top();
    if (!directory) return fail_here(directory.error());
    auto node = tree_->lookup(call_, *directory, name);
    if (!node) return finish(fail(std::move(node).error()));
    if ((*node)->type() != fs::FileType::directory) {
        if (options_.dry_run) return finish({});
        return finish(tree_->remove(call_, *directory, name));
    }
    if (options_.recursive) return enter(name, *node);
    if (!options_.empty_directories) return fail_here(Error(std::errc::is_a_directory));
    finish(options_.dry_run ? check_empty(*node)
                            : tree_->remove_directory(call_, *directory, name));
}

void Remover::enter(const Name& name, const fs::NodeReference& node) {
    if (chain_.contains(node->handle()))
        return fail_here(
            Error(std::errc::too_many_symbolic_link_levels, "the directory is its own ancestor"));
    Frame frame{.name = name, .path_length = path_.size()};
    // One that may not be read may be empty still, and then goes like others.
    if (auto listing = Listing::read(*tree_, call_, node))
        frame.listing = *std::move(listing);
    else
        frame.unlisted = std::move(listing).error();
    frames_.push_back(std::move(frame));
    chain_.push(node, name.text());
}

void Remover::leave() {
    const Frame frame = std::move(frames_.back());
    frames_.pop_back();
    chain_.pop();
    if (frame.keep) {
        if (!frames_.empty()) frames_.back().keep = true;
        return;
    }
    if (options_.dry_run) return finish(frame.unlisted ? fail(*frame.unlisted) : Result<void>());
    const auto directory = chain_.top();
    if (!directory) return fail_here(directory.error());
    auto removed = tree_->remove_directory(call_, *directory, frame.name);
    if (!removed && frame.unlisted && !is_missing(removed.error())) removed = fail(*frame.unlisted);
    finish(removed);
}

void Remover::finish(const Result<void>& removed) {
    if (removed) return account_.done(Action::removed, path_, path_);
    const bool wanted =
        is_missing(removed.error()) && (options_.missing_is_fine || !frames_.empty());
    if (!wanted) fail_here(removed.error());
}

void Remover::fail_here(const Error& error) {
    account_.problem(path_, error);
    if (!frames_.empty()) frames_.back().keep = true;
}

Result<void> Remover::check_empty(const fs::NodeReference& node) {
    bool empty = true;
    QUIRE_TRY(tree_->list(call_, node, 0, fs::WithAttributes::no, [&](const fs::DirectoryEntry&) {
        empty = false;
        return false;
    }));
    if (!empty) return fail(std::errc::directory_not_empty);
    return {};
}

}  // namespace quire::transfer

// SPDX-License-Identifier: MIT

#include "quire/transfer/walker.hpp"

namespace quire::transfer {

namespace {

std::string_view name_at_end(std::string_view path) {
    auto slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace

Walker::Walker(std::shared_ptr<fs::Tree> tree, fs::Call call, fs::NodeReference start,
               fs::Follow follow)
    : tree_(std::move(tree)),
      call_(std::move(call)),
      start_(std::move(start)),
      follow_(follow),
      chain_(tree_, call_) {}

std::optional<Step> Walker::next() {
    if (!begun_) {
        begun_ = true;
        return begin();
    }
    if (frames_.empty()) return std::nullopt;
    Frame& frame = frames_.back();
    path_.resize(frame.path_length);
    if (!frame.listed) {
        frame.listed = true;
        auto directory = chain_.top();
        auto listing = directory ? Listing::read(*tree_, call_, *directory)
                                 : Result<Listing>(fail(directory.error()));
        if (!listing) return problem(std::move(listing).error());
        frame.listing = *std::move(listing);
    }
    if (frame.next == frame.listing.size()) return leave();
    return visit(frame.listing[frame.next++]);
}

void Walker::skip_children() {
    if (!frames_.empty()) frames_.back().listed = true;
}

Step Walker::step_here() const {
    Step step;
    step.path = path_;
    step.name = name_at_end(path_);
    step.depth = frames_.size();
    return step;
}

Step Walker::begin() {
    auto attributes = tree_->attributes(call_, start_);
    if (!attributes) return problem(std::move(attributes).error());
    Step step = step_here();
    step.node = start_;
    step.attributes = *attributes;
    start_.reset();
    if (attributes->type != fs::FileType::directory) return step;
    return enter(std::move(step), false);
}

Result<fs::Found> Walker::find(std::string_view text, bool& through_link) {
    QUIRE_TRY_ASSIGN(Name name, Name::parse(text));
    QUIRE_TRY_ASSIGN(fs::NodeReference directory, chain_.top());
    QUIRE_TRY_ASSIGN(fs::Found found, tree_->find(call_, directory, name));
    if (follow_ == fs::Follow::no || found.node->type() != fs::FileType::symbolic_link)
        return found;
    through_link = true;
    QUIRE_TRY_ASSIGN(Path path, Path::parse("./" + name.text()));
    QUIRE_TRY_ASSIGN(found.node, tree_->walk(call_, directory, path, fs::Follow::yes));
    QUIRE_TRY_ASSIGN(found.attributes, tree_->attributes(call_, found.node));
    return found;
}

Step Walker::visit(std::string_view name) {
    if (!path_.empty()) path_ += '/';
    path_ += name;
    bool through_link = false;
    auto found = find(name, through_link);
    if (!found) return problem(std::move(found).error());
    Step step = step_here();
    step.node = std::move(found->node);
    step.attributes = found->attributes;
    if (step.attributes.type != fs::FileType::directory) return step;
    if (chain_.contains(step.node->handle()))
        return problem(Error(std::errc::too_many_symbolic_link_levels,
                             "it leads back to a directory that it is in"));
    return enter(std::move(step), through_link);
}

Step Walker::enter(Step step, bool through_link) {
    step.kind = Step::Kind::enter;
    Frame frame;
    frame.attributes = step.attributes;
    frame.path_length = path_.size();
    frames_.push_back(std::move(frame));
    chain_.push(step.node, step.name, through_link);
    return step;
}

Step Walker::leave() {
    Step step = step_here();
    step.kind = Step::Kind::leave;
    step.attributes = frames_.back().attributes;
    step.depth = frames_.size() - 1;
    auto node = chain_.top();
    frames_.pop_back();
    chain_.pop();
    if (node)
        step.node = *node;
    else
        step.error = node.error();
    return step;
}

Step Walker::problem(Error error) const {
    Step step = step_here();
    step.kind = Step::Kind::problem;
    step.error = std::move(error);
    return step;
}

}  // namespace quire::transfer

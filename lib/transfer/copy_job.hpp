// SPDX-License-Identifier: MIT

#pragma once

#include <string>
#include <vector>

#include "quire/transfer/beneath.hpp"
#include "quire/transfer/copier.hpp"
#include "quire/transfer/walker.hpp"

namespace quire::transfer {

/// One copy: the walk of a source and the way through the destination beside it.
class Copier::Job {
public:
    Job(Copier& copier, const Source& from)
        : copier_(copier),
          from_(from),
          comparable_(copier.to_ == from.tree ||
                      (is_of_host(*copier.to_) && is_of_host(*from.tree))),
          chain_(copier.to_, copier.call_) {}

    void copy_to(const Destination& destination);
    void merge_into(const fs::NodeReference& directory, const std::string& shown);

private:
    // What became of a directory that the walk has entered.
    struct Target {
        bool entered = false;
        bool missing = false;  // a dry run would have made it
        bool fresh = false;
    };

    void run();
    bool enter(const Step& step);
    void leave(const Step& step);
    void leaf(const Step& step);
    Result<void> make_directory(const Step& step);
    Result<void> copy_leaf(const Step& step);
    Result<bool> may_replace(const Step& step, const fs::NodeReference& old);
    Result<bool> link_to(const Copied& first, const fs::NodeReference& old,
                         const fs::NodeReference& directory, const Name& name);

    // In copy_node.cpp: one node. What was there before is let go of as soon as it is removed, so
    // that its space is free for what takes its place.
    Result<fs::NodeReference> write(const Step& step, fs::NodeReference old,
                                    const fs::NodeReference& directory, const Name& name);
    Result<fs::NodeReference> write_file(const Step& step, fs::NodeReference old,
                                         const fs::NodeReference& directory, const Name& name);
    Result<std::shared_ptr<fs::OpenFile>> open_target(const Step& step, fs::NodeReference old,
                                                      const fs::NodeReference& directory,
                                                      const Name& name, bool& fresh);
    Result<void> keep_metadata(const Step& step, const fs::NodeReference& made, bool fresh,
                               bool lists_inherited);
    bool has_default_list(const fs::NodeReference& directory);

    // Two trees of the host may overlap; a node is one whichever tree it is seen in.
    static bool is_of_host(fs::Tree& tree) { return tree.volume().type_name() == "host"; }
    bool is_node(const fs::NodeReference& here, const fs::NodeReference& there) const {
        return comparable_ && here->handle() == there->handle();
    }
    std::uint16_t usual_permissions(const Step& step) const;
    bool is_same(const fs::NodeReference& directory) const;
    bool is_below_source(const fs::NodeReference& directory) const;
    Result<Name> name_of(const Step& step) const;
    std::string path_below_top(std::string_view path) const;
    void push(const fs::NodeReference& directory, bool lists_inherited);
    void pop();
    void done(Action action, std::string_view path);
    void problem(std::string_view path, const Error& error);

    Copier& copier_;
    const Source& from_;
    const bool comparable_;  // whether handles of both sides name the same nodes
    std::optional<fs::Handle> first_made_;
    std::string to_shown_;
    fs::NodeReference top_;
    std::string top_name_;
    fs::NodeReference behind_link_;
    bool merging_ = false;
    DirectoryChain chain_;
    std::vector<bool> lists_inherited_;  // beside chain_: whether new nodes inherit an access list
    std::vector<Target> targets_;        // beside the walk's directories
    std::size_t missing_ = 0;            // how many directories of a dry run are not there
};

}  // namespace quire::transfer

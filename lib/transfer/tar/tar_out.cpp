// SPDX-License-Identifier: MIT

#include <algorithm>

#include "quire/transfer/content.hpp"
#include "quire/transfer/exclude.hpp"
#include "quire/transfer/link_map.hpp"
#include "quire/transfer/tar.hpp"
#include "quire/transfer/walker.hpp"
#include "tar/pax_writer.hpp"

namespace quire::transfer {

namespace {

// A file with more pieces than this has the rest written as one, so that the list stays small.
constexpr std::size_t most_ranges = 32768;

class TarOut {
public:
    TarOut(const std::shared_ptr<fs::Tree>& tree, const fs::Call& call, const TarOptions& options,
           ByteSink& out, Account& account)
        : tree_(tree),
          call_(call),
          options_(options),
          account_(account),
          writer_(out),
          buffer_(piece_size) {}

    // An error of the result ends the archive; what concerns one entry is told to the account.
    Result<void> add(const Step& step) {
        if (step.kind == Step::Kind::leave) return {};
        std::string path = path_of(step);
        if (step.kind == Step::Kind::problem) {
            account_.problem(path, *step.error);
            return {};
        }
        account_.begin(path);
        if (step.attributes.type == fs::FileType::socket) {
            account_.warning(path, "it is a socket, which an archive cannot hold");
            return {};
        }
        PaxEntry entry;
        entry.path = path;
        entry.attributes = step.attributes;
        auto described = describe(step, entry);
        if (!described) {
            account_.problem(path, described.error());
            return {};
        }
        std::shared_ptr<fs::OpenFile> file;
        if (step.attributes.type == fs::FileType::regular && !entry.hard_link) {
            // Before its header, which cannot be taken back.
            auto opened = open(step, entry);
            if (!opened) {
                account_.problem(path, opened.error());
                return {};
            }
            file = *opened;
        }
        QUIRE_TRY(writer_.begin(entry));
        if (file) QUIRE_TRY(write_content(*file, step, entry));
        QUIRE_TRY(writer_.end());
        if (step.attributes.links > 1 && step.kind == Step::Kind::leaf && !entry.hard_link)
            firsts_.add(*tree_, step.node->handle(), step.attributes.links, path);
        account_.done(entry.hard_link ? Action::linked : Action::made, path, path);
        return {};
    }

    Result<void> finish() { return writer_.finish(); }

private:
    std::string path_of(const Step& step) const {
        if (step.path.empty() && step.kind == Step::Kind::leaf) return options_.name;
        std::string path = "./";
        path += step.path;
        if (step.kind == Step::Kind::enter && !path.ends_with('/')) path += '/';
        return path;
    }

    Result<void> describe(const Step& step, PaxEntry& entry) {
        entry.access_time = options_.access_times;
        if (options_.uid) entry.attributes.uid = *options_.uid;
        if (options_.gid) entry.attributes.gid = *options_.gid;
        if (options_.latest) {
            entry.attributes.modify = std::min(entry.attributes.modify, *options_.latest);
            entry.attributes.access = std::min(entry.attributes.access, *options_.latest);
        }
        if (step.kind == Step::Kind::leaf && step.attributes.links > 1) {
            if (const std::string* first = firsts_.find(*tree_, step.node->handle())) {
                entry.hard_link = true;
                entry.target = *first;
                return {};
            }
        }
        if (step.attributes.type == fs::FileType::symbolic_link) {
            QUIRE_TRY_ASSIGN(entry.target, tree_->read_link(call_, step.node));
        }
        QUIRE_TRY_ASSIGN(entry.extended, read_extended(*tree_, call_, step.node));
        return {};
    }

    Result<std::shared_ptr<fs::OpenFile>> open(const Step& step, PaxEntry& entry) {
        QUIRE_TRY_ASSIGN(auto file, tree_->open(call_, step.node, {}));
        DataRanges ranges(*file, call_, step.attributes.size);
        while (entry.ranges.size() < most_ranges) {
            QUIRE_TRY_ASSIGN(block::Range range, ranges.next());
            if (range.length == 0) break;
            entry.ranges.push_back(range);
        }
        if (entry.ranges.size() == most_ranges)
            entry.ranges.back().length = step.attributes.size - entry.ranges.back().offset;
        block::Range whole{0, step.attributes.size};
        entry.sparse = step.attributes.size > 0 &&
                       !(entry.ranges.size() == 1 && entry.ranges.front() == whole);
        if (!entry.sparse) entry.ranges.assign(step.attributes.size > 0 ? 1 : 0, whole);
        return file;
    }

    Result<void> write_content(fs::OpenFile& file, const Step& step, const PaxEntry& entry) {
        bool changed = false;
        for (const block::Range& range : entry.ranges) {
            for (std::uint64_t done = 0; done < range.length && !changed;) {
                if (account_.stop()) return fail(std::errc::operation_canceled);
                std::size_t wanted = static_cast<std::size_t>(
                    std::min<std::uint64_t>(range.length - done, piece_size));
                auto got = file.read(call_, range.offset + done, std::span(buffer_).first(wanted));
                if (!got) {
                    // The size is written already; the archive stays readable with zeros for the rest.
                    account_.problem(entry.path, got.error());
                    return {};
                }
                changed = *got == 0;
                QUIRE_TRY(writer_.content(std::span(buffer_).first(*got)));
                account_.bytes(*got);
                done += *got;
            }
        }
        auto after = file.attributes(call_);
        if (changed || (after && (after->size != step.attributes.size ||
                                  after->modify != step.attributes.modify)))
            account_.problem(entry.path,
                             Error(std::errc::interrupted, "it changed while it was read"));
        return {};
    }

    std::shared_ptr<fs::Tree> tree_;
    const fs::Call& call_;
    const TarOptions& options_;
    Account& account_;
    PaxWriter writer_;
    Buffer buffer_;
    LinkMap<std::string> firsts_;
};

}  // namespace

Result<Summary> write_tar(const std::shared_ptr<fs::Tree>& tree, const fs::Call& call,
                          const fs::NodeReference& start, const TarOptions& options, ByteSink& out,
                          Listener& listener, Progress& progress) {
    Account account(listener, progress);
    TarOut tar(tree, call, options, out, account);
    Walker walker(tree, call, start);
    while (auto step = walker.next()) {
        if (account.stop()) return fail(std::errc::operation_canceled);
        if (!step->path.empty() && is_excluded(options.exclude, step->path)) {
            if (step->kind == Step::Kind::enter) walker.skip_children();
            continue;
        }
        QUIRE_TRY(tar.add(*step));
    }
    QUIRE_TRY(tar.finish());
    return account.summary();
}

}  // namespace quire::transfer

// SPDX-License-Identifier: MIT

#include <limits>
#include <unordered_set>

#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "look/start.hpp"
#include "look/traverse.hpp"
#include "output/json.hpp"
#include "quire/base/name.hpp"
#include "quire/base/units.hpp"

namespace quire::app {

namespace {

class Du final : public Command {
public:
    void declare(Options& options) override {
        options.operands("ADDRESS", addresses_, 1, "what to add up")
            .flag("-s,--summarize", summary_, "only the total of each argument")
            .flag("-a,--all", all_, "files too, not only directories")
            .flag("-h,--human-readable", human_, "sizes as 1.5K, 38M")
            .flag("-b,--bytes", bytes_, "bytes of content instead of space in use")
            .flag("-c,--total", total_, "a total of everything at the end")
            .value("-d,--max-depth", "N", depth_, "lines only down to N levels below an argument");
    }

    Result<void> run(Session& session) override {
        session_ = &session;
        std::size_t shown_depth = std::numeric_limits<std::size_t>::max();
        if (depth_) {
            auto depth = parse_size(*depth_);
            if (!depth) return session.usage("-d takes a number");
            shown_depth = static_cast<std::size_t>(*depth);
        }
        if (summary_ && all_) return session.usage("-s shows totals and -a everything: choose one");
        if (summary_) shown_depth = 0;
        std::uint64_t sum = 0;
        for (const std::string& address : addresses_) {
            if (auto start = find_start(session, address, assembly::Bare::host, fs::Follow::no))
                sum += add_up(*start, shown_depth);
            else
                session.report(start.error());
        }
        if (total_) print(sum, "total");
        return {};
    }

private:
    std::uint64_t add_up(const Start& start, std::size_t shown_depth) {
        std::vector<std::uint64_t> sums{0};  // of the start, and of each directory on the way
        Traversal traversal{.enter = {}, .failed = {}};
        traversal.enter = [&](const Visit& visit) {
            const std::uint64_t size = counted(start, visit.attributes);
            if (visit.attributes.type == fs::FileType::directory) {
                sums.resize(visit.depth + 2);
                sums[visit.depth + 1] = size;
                return Descend::yes;
            }
            sums.resize(visit.depth + 1);
            sums[visit.depth] += size;
            if ((all_ && visit.depth <= shown_depth) || visit.depth == 0)
                print(size, start.place.text_of(visit.path));
            return Descend::no;
        };
        traversal.leave = [&](const Visit& visit) {
            sums.resize(visit.depth + 2);
            const std::uint64_t size = sums.back();
            sums.pop_back();
            sums.back() += size;
            if (visit.depth <= shown_depth) print(size, start.place.text_of(visit.path));
        };
        traversal.failed = [&](const std::string& path, Error error) {
            session_->report(std::move(error).within(printable(start.place.text_of(path))));
        };
        traversal.go_on = [this] { return session_->out().alive(); };
        traverse(start.place.tree, session_->call(), start.node, traversal);
        return sums.front();
    }

    // A file with several names is counted where it is met first.
    std::uint64_t counted(const Start& start, const fs::Attributes& attributes) {
        if (attributes.links > 1 && attributes.type != fs::FileType::directory &&
            !seen_[start.place.tree.get()].insert({attributes.inode, attributes.generation}).second)
            return 0;
        return bytes_ ? attributes.size : attributes.allocated;
    }

    void print(std::uint64_t size, const std::string& text) {
        if (session_->manner().json) {
            Json json = Json::line("usage");
            json.add("address", text).add(bytes_ ? "size" : "allocated", size);
            session_->out().print("{}\n", json.text());
            return;
        }
        const std::string amount = human_   ? human_size(size)
                                   : bytes_ ? std::to_string(size)
                                            : std::to_string((size + KiB - 1) / KiB);
        session_->out().print("{}\t{}{}", amount, session_->shown(text), session_->end_of_name());
    }

    struct HandleHash {
        std::size_t operator()(const fs::Handle& handle) const {
            return std::hash<std::uint64_t>{}(handle.inode * 0x9E3779B97F4A7C15U ^
                                              handle.generation);
        }
    };

    Session* session_ = nullptr;
    std::vector<std::string> addresses_;
    std::optional<std::string> depth_;
    bool summary_ = false;
    bool all_ = false;
    bool human_ = false;
    bool bytes_ = false;
    bool total_ = false;
    std::unordered_map<const fs::Tree*, std::unordered_set<fs::Handle, HandleHash>> seen_;
};

}  // namespace

const Verb verb_du = {
    .name = "du",
    .summary = "add up the space that directories use",
    .examples =
        "quire du -sh disk.img:/usr          # one total\n"
        "quire du -h -d 1 disk.img:          # each directory of the root\n"
        "quire du -sb disk.img:/a host:/b    # bytes of content, inside and outside\n",
    .common = {.json = true, .null = true},
    .make = make_command<Du>,
};

}  // namespace quire::app

// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "look/facts.hpp"
#include "look/start.hpp"
#include "quire/base/name.hpp"

namespace quire::app {

namespace {

using fs::FileType;

// The letters that lsattr prints, by FS_*_FL bit (linux/fs.h).
std::string flags_text(std::uint32_t flags) {
    struct Letter {
        std::uint32_t bit;
        char letter;
    };
    static constexpr Letter letters[] = {
        {0x00000001, 's'}, {0x00000002, 'u'}, {0x00000004, 'c'}, {0x00000008, 'S'},
        {0x00000010, 'i'}, {0x00000020, 'a'}, {0x00000040, 'd'}, {0x00000080, 'A'},
        {0x00000800, 'E'}, {0x00001000, 'I'}, {0x00004000, 'j'}, {0x00008000, 't'},
        {0x00010000, 'D'}, {0x00020000, 'T'}, {0x00080000, 'e'}, {0x00100000, 'V'},
        {0x00800000, 'C'}, {0x02000000, 'x'}, {0x10000000, 'N'}, {0x20000000, 'P'},
        {0x40000000, 'F'},
    };
    std::string text;
    for (const Letter& letter : letters)
        if (flags & letter.bit) text += letter.letter;
    return text.empty() ? "-" : text;
}

class Stat final : public Command {
public:
    void declare(Options& options) override {
        options.operands("ADDRESS", addresses_, 1, "what to tell about")
            .flag("-L,--dereference", follow_, "of a symbolic link, tell where it leads");
    }

    Result<void> run(Session& session) override {
        session_ = &session;
        const fs::Follow follow = follow_ ? fs::Follow::yes : fs::Follow::no;
        for (const std::string& address : addresses_) {
            auto start = find_start(session, address, assembly::Bare::image, follow);
            auto told_all = start ? tell(*start) : std::unexpected(start.error());
            if (!told_all) session.report(told_all.error());
        }
        return {};
    }

private:
    struct Attribute {
        std::string name;
        std::vector<std::byte> value;
    };

    Result<void> tell(const Start& start) {
        const auto named = [&](Error error) {
            return std::unexpected(std::move(error).within(printable(start.place.text)));
        };
        const fs::Call call = session_->call();
        fs::Tree& tree = *start.place.tree;
        auto facts = tree.attributes(call, start.node);
        if (!facts) return named(std::move(facts).error());
        std::string target;
        if (facts->type == FileType::symbolic_link) {
            auto link = tree.read_link(call, start.node);
            if (!link) return named(std::move(link).error());
            target = *std::move(link);
        }
        auto attributes = extended_attributes(tree, start.node);
        if (!attributes) return named(std::move(attributes).error());
        if (session_->manner().json)
            print_json(start, *facts, target, *attributes);
        else
            print_text(start, *facts, target, *attributes);
        return {};
    }

    Result<std::vector<Attribute>> extended_attributes(fs::Tree& tree,
                                                       const fs::NodeReference& node) {
        std::vector<Attribute> result;
        auto names = tree.list_attributes(session_->call(), node);
        if (!names && (names.error() == std::errc::operation_not_supported ||
                       names.error() == std::errc::function_not_supported))
            return result;
        if (!names) return std::unexpected(std::move(names).error());
        for (const std::string& name : *names) {
            QUIRE_TRY_ASSIGN(auto value, tree.get_attribute(session_->call(), node, name));
            result.push_back({name, std::move(value)});
        }
        return result;
    }

    void print_json(const Start& start, const fs::Attributes& facts, const std::string& target,
                    const std::vector<Attribute>& attributes) {
        Json json = Json::line("stat");
        json.add("address", start.place.text);
        add_facts(json, facts);
        if (facts.type == FileType::symbolic_link) json.add("target", target);
        std::vector<Json> list;
        for (const Attribute& attribute : attributes) {
            Json one;
            one.add("name", attribute.name);
            one.add("value", std::string_view(reinterpret_cast<const char*>(attribute.value.data()),
                                              attribute.value.size()));
            list.push_back(std::move(one));
        }
        json.add("xattrs", list);
        session_->out().print("{}\n", json.text());
    }

    void line(std::string_view key, std::string_view value) {
        session_->out().print("{:>12}: {}\n", key, value);
    }

    void print_text(const Start& start, const fs::Attributes& facts, const std::string& target,
                    const std::vector<Attribute>& attributes) {
        line("Address", session_->shown(start.place.text) +
                            (target.empty() ? "" : " -> " + session_->shown(target)));
        line("Type", fs::type_name(facts.type));
        if (facts.type == FileType::character_device || facts.type == FileType::block_device)
            line("Device", fmt::format("{}, {}", facts.device.major, facts.device.minor));
        line("Mode", fmt::format("{:04o} ({})", facts.permissions, mode_text(facts)));
        line("Owner", fmt::format("uid {}, gid {}", facts.uid, facts.gid));
        line("Size", fmt::format("{} ({} allocated)", facts.size, facts.allocated));
        line("Links", std::to_string(facts.links));
        line("Inode", fmt::format("{} (generation {})", facts.inode, facts.generation));
        line("Flags", flags_text(facts.flags));
        line("Accessed", time_text(facts.access));
        line("Modified", time_text(facts.modify));
        line("Changed", time_text(facts.change));
        line("Born", facts.birth ? time_text(*facts.birth) : "-");
        if (session_->manner().verbose) {
            for (const Attribute& attribute : attributes)
                line("Xattr", fmt::format("{} ({} bytes)", session_->shown(attribute.name),
                                          attribute.value.size()));
        } else {
            line("Xattrs", std::to_string(attributes.size()));
        }
    }

    Session* session_ = nullptr;
    std::vector<std::string> addresses_;
    bool follow_ = false;
};

}  // namespace

const Verb verb_stat = {
    .name = "stat",
    .summary = "tell all facts about a file",
    .examples =
        "quire stat disk.img:/etc/passwd\n"
        "quire stat -v disk.img:/usr/bin/ping     # with the names of its xattrs\n"
        "quire stat --json disk.img:/etc/passwd | jq .modify\n",
    .common = {.json = true},
    .make = make_command<Stat>,
};

}  // namespace quire::app

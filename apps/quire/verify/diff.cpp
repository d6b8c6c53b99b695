// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "output/json.hpp"
#include "output/transfer_listener.hpp"
#include "quire/base/name.hpp"
#include "quire/transfer/compare.hpp"

namespace quire::app {

namespace {

constexpr int differ = 1;
constexpr int trouble = 2;

/// Ends a comparison early when nobody wants to know more.
class DiffListener final : public transfer::Listener {
public:
    explicit DiffListener(Session& session) : inner_(session) {}
    void done(transfer::Action, std::string_view, std::string_view) override {}
    void problem(std::string_view path, const Error& error) override {
        inner_.problem(path, error);
    }
    void warning(std::string_view path, std::string_view sentence) override {
        inner_.warning(path, sentence);
    }
    bool stop() override { return stop_; }
    void end() { stop_ = true; }

private:
    TransferListener inner_;
    bool stop_ = false;
};

class Diff final : public Command {
public:
    void declare(Options& options) override {
        options.operand("LEFT", left_, "a tree or file, on the host or in an image")
            .operand("RIGHT", right_, "what it is compared with")
            .values("--exclude", "PATTERN", compare_.exclude,
                    "leave out what matches, with all that is in it; a pattern with a slash is "
                    "held against the path in the trees, others against each name")
            .flag(
                "--no-content", [this] { compare_.content = false; },
                "do not read files: the same size counts as the same content")
            .flag(
                "--no-metadata", [this] { compare_.metadata = false; },
                "names, types, sizes, contents and link targets only")
            .flag(
                "--no-owners", [this] { compare_.owners = false; }, "not users and groups")
            .flag(
                "--no-times", [this] { compare_.times = false; }, "not times of modification")
            .flag("--holes", compare_.holes, "also where files have holes");
    }

    Result<void> run(Session& session) override {
        session_ = &session;
        auto count = compare();
        const bool told = listener_->stop() && !count;  // ended on purpose
        if (!count && !told) {
            session.report(count.error());
            session.set_exit_code(trouble);
            return {};
        }
        if (auto written = session.out().flush(); !written) {
            session.report(written.error());
            session.set_exit_code(trouble);
            return {};
        }
        session.set_exit_code(count && *count == 0 ? 0 : differ);
        return {};
    }

private:
    struct Place {
        assembly::Location location;
        fs::NodeReference node;
    };

    Result<std::uint64_t> compare() {
        listener_.emplace(*session_);
        QUIRE_TRY_ASSIGN(const assembly::Address left, assembly::Address::parse(left_));
        QUIRE_TRY_ASSIGN(const assembly::Address right, assembly::Address::parse(right_));
        QUIRE_TRY_ASSIGN(
            const auto places,
            session_->assembler().locate({{left, assembly::Access::read, assembly::Bare::host},
                                          {right, assembly::Access::read, assembly::Bare::host}}));
        const fs::Call call = session_->call();
        std::vector<fs::NodeReference> nodes;
        for (const assembly::Location& place : places) {
            auto node = place.tree->walk(call, place.path);
            if (!node) return fail(std::move(node).error().within(printable(place.text)));
            nodes.push_back(*std::move(node));
        }
        QUIRE_TRY(refuse_image_as_file(left, nodes[0], nodes[1]));
        QUIRE_TRY(refuse_image_as_file(right, nodes[1], nodes[0]));
        return transfer::compare(
            {places[0].tree, call, nodes[0]}, {places[1].tree, call, nodes[1]}, compare_,
            [&](const auto& one) { say(places, one); }, *listener_, session_->progress());
    }

    // A file and a directory differ, but that is not what the person wants to know.
    static Result<void> refuse_image_as_file(const assembly::Address& address,
                                             const fs::NodeReference& node,
                                             const fs::NodeReference& other) {
        if (!address.bare() || node->type() != fs::FileType::regular ||
            other->type() != fs::FileType::directory)
            return {};
        return fail(std::errc::invalid_argument,
                    fmt::format("{0} is a file, the other is a tree; the tree in an image is {0}:/",
                                printable(address.text())));
    }

    void say(const std::vector<assembly::Location>& places, const transfer::Difference& one) {
        const Manner& manner = session_->manner();
        Output& out = session_->out();
        if (manner.quiet || !out.alive()) {
            listener_->end();
            return;
        }
        const std::string path = one.path.empty() ? "." : std::string(one.path);
        if (manner.json) {
            Json json = Json::line("difference");
            json.add("path", path).add("aspect", transfer::name_of(one.aspect));
            const bool one_sided = one.aspect == transfer::Aspect::only_left ||
                                   one.aspect == transfer::Aspect::only_right;
            if (!one_sided) json.add("left", one.left).add("right", one.right);
            out.print("{}\n", json.text());
            return;
        }
        out.text(session_->shown(sentence(places, path, one)));
        out.print("{}", session_->end_of_name());
    }

    static std::string sentence(const std::vector<assembly::Location>& places,
                                const std::string& path, const transfer::Difference& one) {
        using transfer::Aspect;
        switch (one.aspect) {
            case Aspect::only_left:
                return fmt::format("only in {}: {}", places[0].text, path);
            case Aspect::only_right:
                return fmt::format("only in {}: {}", places[1].text, path);
            case Aspect::content:
                return fmt::format("{}: content, from byte {} on", path, one.left);
            case Aspect::links: {
                const auto first = [](const std::string& name) {
                    return name.empty() ? std::string("none before it") : name;
                };
                return fmt::format("{}: a link to {} and to {}", path, first(one.left),
                                   first(one.right));
            }
            default:
                return fmt::format("{}: {} {} and {}", path, transfer::name_of(one.aspect),
                                   one.left, one.right);
        }
    }

    Session* session_ = nullptr;
    std::optional<DiffListener> listener_;
    std::string left_;
    std::string right_;
    transfer::CompareOptions compare_;
};

}  // namespace

const Verb verb_diff = {
    .name = "diff",
    .summary = "compare two trees, in images or on the host",
    .examples =
        "quire diff docs docs.img:/                  # a directory with an image\n"
        "quire diff old.img:/etc new.img:/etc --no-times\n"
        "quire diff root disk.img@p2:/ --exclude proc --exclude 'var/cache/*'\n"
        "quire diff -q a.img:/ b.img:/ && echo same\n",
    .common = {.json = true, .null = true, .progress = true},
    .make = make_command<Diff>,
};

}  // namespace quire::app

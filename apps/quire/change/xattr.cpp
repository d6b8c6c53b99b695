// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "change/target.hpp"
#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "look/start.hpp"
#include "output/json.hpp"
#include "quire/base/name.hpp"
#include "quire/transfer/access_list.hpp"
#include "quire/transfer/metadata.hpp"
#include "values/bytes_text.hpp"

namespace quire::app {

namespace {

class Xattr final : public Command {
public:
    void declare(Options& options) override {
        options.operands("ADDRESS", addresses_, 1, "what has the attributes")
            .value("--get", "NAME", get_, "print the value of this one alone")
            .value("--set", "NAME[=VALUE]", set_, "give it this one; VALUE is the text as it is")
            .value("--value", "TEXT", value_, "the value for --set NAME, as text")
            .value("--value-hex", "DIGITS", hex_, "the value for --set NAME, hexadecimal")
            .value("--value-base64", "LETTERS", base64_, "the value for --set NAME, in base64")
            .value("--remove", "NAME", remove_, "remove this one")
            .flag("-h,--no-dereference", links_, "of symbolic links themselves")
            .choice("--encoding", {"text", "hex", "base64"}, encoding_, "how values are printed");
    }

    Result<void> run(Session& session) override {
        session_ = &session;
        if (int(get_.has_value()) + int(set_.has_value()) + int(remove_.has_value()) > 1)
            return session.usage("only one of --get, --set and --remove can be done at a time");
        if (auto taken = take_value(); !taken) return session.usage(taken.error().sentence());
        if (set_ || remove_) {
            for (const assembly::Location& place : open_targets(session, addresses_))
                if (auto done = change(place); !done) session.report(done.error());
            return {};
        }
        for (const std::string& address : addresses_) {
            auto start = find_start(session, address, assembly::Bare::host, follow());
            auto shown = start ? show(*start) : fail(start.error());
            if (!shown) session.report(shown.error());
        }
        return {};
    }

private:
    fs::Follow follow() const { return links_ ? fs::Follow::no : fs::Follow::yes; }

    // What is to be set, out of NAME=VALUE or the options for the value.
    Result<void> take_value() {
        const int given =
            int(value_.has_value()) + int(hex_.has_value()) + int(base64_.has_value());
        if (given > 0 && !set_)
            return fail(std::errc::invalid_argument, "a value needs --set NAME");
        if (!set_) return {};
        if (given > 1) return fail(std::errc::invalid_argument, "there can be only one value");
        const std::size_t equals = set_->find('=');
        if (given == 0) {
            if (equals == set_->npos)
                return fail(std::errc::invalid_argument,
                            "--set takes NAME=VALUE, or NAME and one of --value, --value-hex and "
                            "--value-base64");
            bytes_ = bytes_of(std::string_view(*set_).substr(equals + 1));
            set_->resize(equals);
        } else if (value_) {
            bytes_ = bytes_of(*value_);
        } else {
            auto decoded = hex_ ? decode_hex(*hex_) : decode_base64(*base64_);
            if (!decoded) return fail(decoded.error());
            bytes_ = *std::move(decoded);
        }
        return {};
    }

    // ENODATA says "no data available" of itself.
    static Error explained(Error error, const std::string& name) {
        if (error == std::errc(ENODATA))
            return {error.code(), fmt::format("has no attribute '{}'", printable(name))};
        if (error == std::errc::operation_not_supported && error.sentence().empty())
            return {error.code(),
                    fmt::format("can have no attribute '{}': names are like user.NAME, and not "
                                "every type of file has them",
                                printable(name))};
        return error;
    }

    Result<void> change(const assembly::Location& place) {
        const fs::Call call = session_->call();
        QUIRE_TRY_ASSIGN(const fs::NodeReference node, find_node(*session_, place, follow()));
        const std::string& name = set_ ? *set_ : *remove_;
        Result<void> done;
        if (session_->manner().dry_run) {
            if (remove_) {
                auto value = place.tree->get_attribute(call, node, name);
                if (!value) done = fail(value.error());
            }
        } else if (set_) {
            done = place.tree->set_attribute(call, node, name, bytes_);
        } else {
            done = place.tree->remove_attribute(call, node, name);
        }
        if (!done) return about(place.text, explained(std::move(done).error(), name));
        say_done(*session_, set_ ? "set" : "removed",
                 fmt::format("{} of {}", printable(name), place.text));
        return {};
    }

    Result<void> show(const Start& start) {
        const fs::Call call = session_->call();
        fs::Tree& tree = *start.place.tree;
        std::vector<std::string> names;
        if (get_) {
            names.push_back(*get_);
        } else {
            auto all = tree.list_attributes(call, start.node);
            if (!all && all.error() != std::errc::operation_not_supported)
                return about(start.place.text, std::move(all).error());
            if (all) names = *std::move(all);
            std::ranges::sort(names);
        }
        std::vector<fs::ExtendedAttribute> attributes;
        for (const std::string& name : names) {
            auto value = tree.get_attribute(call, start.node, name);
            if (!value) return about(start.place.text, explained(std::move(value).error(), name));
            attributes.push_back({name, *std::move(value)});
        }
        if (session_->manner().json)
            print_json(start, attributes);
        else if (get_)
            session_->out().print("{}\n", value_text(attributes.front()));
        else
            print_text(start, attributes);
        return {};
    }

    void print_json(const Start& start, const std::vector<fs::ExtendedAttribute>& attributes) {
        Json json = Json::line("xattrs");
        json.add("address", start.place.text);
        std::vector<Json> list;
        for (const auto& [name, value] : attributes) {
            Json one;
            one.add("name", name).add("value", text_of(value));
            list.push_back(std::move(one));
        }
        json.add("xattrs", list);
        session_->out().print("{}\n", json.text());
    }

    void print_text(const Start& start, const std::vector<fs::ExtendedAttribute>& attributes) {
        if (attributes.empty()) return;
        if (addresses_.size() > 1)
            session_->out().print("{}# file: {}\n", printed_ ? "\n" : "",
                                  session_->shown(start.place.text));
        printed_ = true;
        for (const fs::ExtendedAttribute& attribute : attributes)
            session_->out().print("{}={}\n", session_->shown(attribute.name),
                                  value_text(attribute));
    }

    // Access lists mean something; other values are readable text or not.
    std::string value_text(const fs::ExtendedAttribute& attribute) const {
        if (encoding_ == "hex") return encode(attribute.value, Encoding::hex);
        if (encoding_ == "base64") return encode(attribute.value, Encoding::base64);
        if (encoding_ == "text") return encode(attribute.value, Encoding::text);
        if (transfer::is_access_list(attribute.name))
            if (const auto list = transfer::parse_access_list(attribute.value))
                return transfer::access_list_text(*list);
        return encode_readable(attribute.value);
    }

    Session* session_ = nullptr;
    std::vector<std::string> addresses_;
    std::optional<std::string> get_;
    std::optional<std::string> set_;
    std::optional<std::string> value_;
    std::optional<std::string> hex_;
    std::optional<std::string> base64_;
    std::optional<std::string> remove_;
    std::string encoding_;
    Bytes bytes_;
    bool links_ = false;
    bool printed_ = false;
};

}  // namespace

const Verb verb_xattr = {
    .name = "xattr",
    .summary = "show and change extended attributes",
    .examples =
        "quire xattr disk.img:/usr/bin/ping\n"
        "quire xattr --get user.origin disk.img:/srv/data\n"
        "quire xattr --set user.origin=https://example.org/ disk.img:/srv/data\n"
        "quire xattr --set user.key --value-hex 00ff disk.img:/srv/data\n"
        "quire xattr --remove user.origin disk.img:/srv/data\n",
    .common = {.json = true, .dry_run = true, .seed = true},
    .make = make_command<Xattr>,
};

}  // namespace quire::app

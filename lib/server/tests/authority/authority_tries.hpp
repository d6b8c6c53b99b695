// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <functional>
#include <random>
#include <string>

#include "quire/protocols/filesystem.hpp"
#include "tests/authority/authority_model.hpp"

namespace quire::server {

/// A session as the model has it.
struct ModelSession {
    AuthorityModel::Grant grant;
    AuthorityModel::Id node = AuthorityModel::root;
    bool may_write = false;
};

/// Random tries of reading and changing what a capability is for and what it is not, each of which
/// must come to what the model says. The same seed tries the same; with no capability the model
/// alone does it, as after another process has.
class AuthorityTries {
public:
    using Check = std::function<void(bool, const std::string&)>;

    AuthorityTries(AuthorityModel& model, unsigned seed, Check check)
        : model_(model), random_(seed), check_(std::move(check)) {}

    void of(const AuthorityModel::Grant& grant, protocols::Opener* opener);
    void of(const AuthorityModel::Grant& grant, protocols::OpenerContext* context);
    void of(const ModelSession& session, protocols::FileObject* file);
    void of(const ModelSession& session, protocols::Directory* directory);

    const char* a_path() { return paths.at(random_() % paths.size()); }
    const char* a_directory() { return directories.at(random_() % directories.size()); }

private:
    static constexpr std::array paths{
        "f",     "/f",    "a/f",     "b/f",        "a/b/f",    "a/b/c/f", "b/c/f",   "c/f",
        "../f",  "own1",  "own2",    "a/own1",     "../own2",  "b/up",    "a/b/up",  "up",
        "abs",   "a/abs", "in",      "a/in",       "x/f",      "/x/f",    "../x/f",  "../../x/f",
        "x/y/f", "y/f",   "a/new",   "new",        "b/new",    "/x/new",  "../new",  "x/y/new",
        "c/new", "x/a",   "b/../in", "../../../f", "y/../f/f", "a/b/c/x", "a/../x/f"};
    static constexpr std::array directories{"a",    "b",   "/a/b",    "a/b/c", "c",   "x",
                                            "x/y",  "y",   "..",      "/",     "b/c", "../x",
                                            "../a", "x/a", "a/b/c/x", "a/f",   "up",  "none"};

    void expect(bool same, const std::string& what);
    std::string stamp();

    AuthorityModel& model_;
    std::mt19937 random_;
    Check check_;
};

}  // namespace quire::server

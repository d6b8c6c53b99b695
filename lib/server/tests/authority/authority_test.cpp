// SPDX-License-Identifier: MIT
//
// Random sequences of everything that can be done with capabilities for files, in several processes,
// beside a model of what each was granted. Another sequence: QUIRE_SEED=N.

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <variant>

#include "quire/ipc/remote_object.hpp"
#include "tests/authority/authority_tries.hpp"
#include "tests/kit/file_ground.hpp"

namespace quire::server {
namespace {

using protocols::Directory;
using Grant = AuthorityModel::Grant;
using Kind = AuthorityModel::Kind;

constexpr const char* script_variable = "QUIRE_AUTHORITY_SCRIPT";
constexpr const char* gate_of_script = "QUIRE_AUTHORITY_GATE";

void require_in_child(bool same, const std::string& what) {
    if (same) return;
    std::fprintf(stderr, "in another process: %s\n", what.c_str());
    ::_exit(1);
}

/// Whether a process did what it should without a failed requirement.
bool succeeds_in_child(const std::function<void()>& work) {
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        work();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// A program that was started has no model: it is told, line by line, what to do and what of it is
// refused.
[[maybe_unused]] const bool plays_no_script = [] {
    const char* const script = std::getenv(script_variable);
    if (script == nullptr) return true;
    const auto opener = ipc::cap_of_gate<Opener>(UniqueFd(std::stoi(std::getenv(gate_of_script))));
    require_in_child(opener.has_value(), "the gate");
    const auto context = (*opener)->context(ipc::Call::forever());
    require_in_child(context.has_value(), "a context");
    std::istringstream lines(script);
    std::string verb;
    std::string path;
    std::string content;
    while (lines >> verb >> path >> content) {
        const bool writes = verb != "read";
        const bool refused = verb == "refused" || content == "-";
        const auto file =
            (*context)->open(ipc::Call::forever(), path, writes ? to_write : to_read, 0, 100);
        require_in_child(file.has_value() != refused, verb + " " + path);
        if (!file) continue;
        if (writes)
            require_in_child(
                file->file->write(ipc::Call::forever(), 0, bytes_of(content)).has_value(), path);
        else
            require_in_child(text_of(file->content) == content, "content of " + path);
    }
    ::_exit(0);
}();

struct Held {
    std::variant<ipc::Cap<Opener>, ipc::Cap<OpenerContext>, ipc::Cap<FileObject>,
                 ipc::Cap<Directory>>
        cap;
    ModelSession session;  // of openers and contexts only the grant counts
    /// It goes on working in a forked child.
    bool is_gate = false;
};

class FileAuthority : public FileGround, public ::testing::WithParamInterface<unsigned> {
protected:
    FileAuthority() {
        populate();
        for (const std::uint32_t uid : {0U, 1001U, 1002U}) {
            const auto own = files->filesystem()->open_for_user(
                in_time, {.uid = uid, .gid = uid, .groups = {}, .umask = 0});
            EXPECT_TRUE(own);
            parties_.emplace_back().push_back(
                {across(*own), {.grant = {AuthorityModel::root, uid, false}}});
        }
    }
    void TearDown() override {
        parties_.clear();
        FileGround::TearDown();
    }

    AuthorityModel::Id make(AuthorityModel::Id directory, const std::string& at,
                            const std::string& name, Kind kind, std::uint32_t uid, unsigned mode,
                            const std::string& text = "") {
        const std::string path = at + name;
        if (kind == Kind::directory) {
            EXPECT_TRUE(context->mkdir(in_time, path, 0700));
        } else if (kind == Kind::link) {
            EXPECT_TRUE(context->symlink(in_time, text, path));
        } else {
            file(path, text);
        }
        if (kind != Kind::link) {
            EXPECT_TRUE(context->set_attributes(
                in_time, path, false,
                {.which = protocols::change_permissions | protocols::change_uid,
                 .permissions = static_cast<std::uint16_t>(mode),
                 .uid = uid}));
        }
        return model_.add(directory, name, kind, uid, mode, text);
    }
    void populate() {
        const auto a = make(AuthorityModel::root, "", "a", Kind::directory, 0, 0777);
        const auto b = make(a, "a/", "b", Kind::directory, 0, 0777);
        const auto c = make(b, "a/b/", "c", Kind::directory, 1002, 0777);
        const auto x = make(AuthorityModel::root, "", "x", Kind::directory, 0, 0755);
        const auto y = make(x, "x/", "y", Kind::directory, 1001, 0700);
        make(a, "a/", "f", Kind::file, 0, 0666, "00000001");
        make(b, "a/b/", "f", Kind::file, 0, 0666, "00000002");
        make(c, "a/b/c/", "f", Kind::file, 0, 0644, "00000003");
        make(x, "x/", "f", Kind::file, 0, 0644, "00000004");
        make(y, "x/y/", "f", Kind::file, 1001, 0600, "00000005");
        make(a, "a/", "own1", Kind::file, 1001, 0600, "00000006");
        make(a, "a/", "own2", Kind::file, 1002, 0600, "00000007");
        make(b, "a/b/", "up", Kind::link, 0, 0777, "../../x/f");
        make(a, "a/", "abs", Kind::link, 0, 0777, "/x/f");
        make(a, "a/", "in", Kind::link, 0, 0777, "/b/f");
    }

    using Party = std::vector<Held>;
    std::size_t pick(std::size_t count) { return random_() % count; }
    Party& a_party() { return parties_[pick(parties_.size())]; }
    Held* a_held(Party& party) { return party.empty() ? nullptr : &party[pick(party.size())]; }

    /// Asks one capability, or the model alone.
    static void try_one(AuthorityTries& tries, const Held& held, bool for_real) {
        std::visit(
            [&]<typename I>(const ipc::Cap<I>& cap) {
                I* const object = for_real ? cap.operator->() : nullptr;
                if constexpr (std::is_same_v<I, Opener> || std::is_same_v<I, OpenerContext>)
                    tries.of(held.session.grant, object);
                else
                    tries.of(held.session, object);
            },
            held.cap);
    }
    AuthorityTries tries(unsigned seed, AuthorityTries::Check check) {
        return {model_, seed, std::move(check)};
    }
    AuthorityTries own_tries() {
        return tries(static_cast<unsigned>(random_()),
                     [](bool same, const std::string& what) { ASSERT_TRUE(same) << what; });
    }

    void use(Party& party) {
        const Held* const held = a_held(party);
        if (held == nullptr) return;
        AuthorityTries once = own_tries();
        for (int i = 0; i < 3; ++i) try_one(once, *held, true);
    }
    /// What comes of a capability goes to who asked for it.
    void derive(Party& party) {
        const Held* const held = a_held(party);
        if (held == nullptr) return;
        const Grant grant = held->session.grant;
        AuthorityTries words = own_tries();
        if (const auto* mine = std::get_if<ipc::Cap<Opener>>(&held->cap)) {
            const std::string path = words.a_directory();
            const bool read_only = pick(3) == 0;
            const auto less = model_.narrow(grant, path, read_only);
            auto narrower = (*mine)->restrict(in_time, path, read_only);
            ASSERT_EQ(narrower.has_value(), less.has_value()) << path;
            auto own = (*mine)->context(in_time);
            ASSERT_TRUE(own);
            if (less) party.push_back({*narrower, {.grant = *less}});
            party.push_back({*own, {.grant = grant}});
        } else if (const auto* own = std::get_if<ipc::Cap<OpenerContext>>(&held->cap)) {
            const std::string path = words.a_path();
            const std::string directory = words.a_directory();
            const bool write = pick(2) == 0;
            const auto file_node = model_.opened(grant, path, Kind::file, write);
            const auto list_node = model_.opened(grant, directory, Kind::directory, false);
            auto opened = (*own)->open(in_time, path, write ? to_write : to_read, 0, 0);
            auto listed = (*own)->open_directory(in_time, directory, 1, false);
            ASSERT_EQ(opened.has_value(), file_node.has_value()) << path;
            ASSERT_EQ(listed.has_value(), list_node.has_value()) << directory;
            if (opened) party.push_back({opened->file, {grant, *file_node, write}});
            if (listed) party.push_back({listed->directory, {grant, *list_node, false}});
        }
    }
    static Result<UniqueFd> gate_to(const Held& held) {
        return std::visit([](const auto& cap) { return ipc::gate_of(ipc::AnyCap(cap), in_time); },
                          held.cap);
    }
    /// As a process that is told of it, or started with it, gets it.
    void hand_over(Party& from, Party& to) {
        const Held* const held = a_held(from);
        if (held == nullptr) return;
        Held copy = *held;
        auto gate = gate_to(copy);
        ASSERT_TRUE(gate) << gate.error().message();
        std::visit(
            [&]<typename I>(ipc::Cap<I>& cap) { cap = *ipc::cap_of_gate<I>(std::move(*gate)); },
            copy.cap);
        copy.is_gate = true;
        to.push_back(std::move(copy));
    }
    void drop(Party& party) {
        if (party.size() > 1)
            party.erase(party.begin() + 1 + static_cast<std::ptrdiff_t>(pick(party.size() - 1)));
    }

    /// Another process has all that the party has, and does with it what it can.
    void fork_and_use(Party& party) {
        const auto seed = static_cast<unsigned>(random_());
        ASSERT_TRUE(succeeds_in_child([&] {
            AuthorityTries there = tries(seed, require_in_child);
            for (const Held& held : party) {
                if (held.is_gate)
                    try_one(there, held, true);
                else
                    require_in_child(is_dead(held), "a parent's channel is nobody else's");
            }
        }));
        AuthorityTries same =
            tries(seed, [](bool, const std::string&) { FAIL() << "nothing was asked"; });
        for (const Held& held : party)
            if (held.is_gate) try_one(same, held, false);
    }
    static bool is_dead(const Held& held) {
        const auto code = std::visit(
            []<typename I>(const ipc::Cap<I>& cap) {
                if constexpr (std::is_same_v<I, Opener>)
                    return code_of(cap->context(in_time));
                else if constexpr (std::is_same_v<I, OpenerContext>)
                    return code_of(cap->remove(in_time, "f"));
                else
                    return code_of(cap->attributes(in_time));
            },
            held.cap);
        return code == std::errc::connection_reset;
    }
    /// Another program gets one opener, and is told what it should find.
    void start_program(Party& party) {
        const Held* const held = a_held(party);
        if (held == nullptr || !std::holds_alternative<ipc::Cap<Opener>>(held->cap)) return;
        const Grant& grant = held->session.grant;
        AuthorityTries words = own_tries();
        std::string script;
        for (int i = 0; i < 8; ++i) {
            const std::string path = words.a_path();
            const std::string content = std::to_string(20'000'000 + pick(1000));
            if (pick(2) == 0)
                script += "read " + path + " " + model_.read(grant, path).value_or("-") + "\n";
            else
                script += (model_.write(grant, path, content) ? "write " : "refused ") + path +
                          " " + content + "\n";
        }
        const auto gate = gate_to(*held);
        ASSERT_TRUE(gate);
        EXPECT_TRUE(succeeds_in_child([&] {
            require_in_child(ipc::inherit(gate->get()).has_value(), "inherit");
            ::setenv(script_variable, script.c_str(), 1);
            ::setenv(gate_of_script, std::to_string(gate->get()).c_str(), 1);
            ::execl("/proc/self/exe", "test", nullptr);
            require_in_child(false, "exec");
        })) << script;
    }

    std::mt19937 random_{GetParam()};
    AuthorityModel model_;
    std::vector<Party> parties_;
};

TEST_P(FileAuthority, never_exceeds_what_was_granted) {
    SCOPED_TRACE("QUIRE_SEED=" + std::to_string(GetParam()));
    for (int step = 0; step < 500 && !HasFailure(); ++step) {
        SCOPED_TRACE(step);
        switch (pick(16)) {
            case 0:
            case 1:
            case 2:
                derive(a_party());
                break;
            case 3:
            case 4:
                hand_over(a_party(), a_party());
                break;
            case 5:
            case 6:
            case 7:
                drop(a_party());
                break;
            case 8:
                fork_and_use(a_party());
                break;
            case 9:
                start_program(a_party());
                break;
            default:
                use(a_party());
        }
    }
}

std::vector<unsigned> seeds_of_authority() {
    const char* const wanted = std::getenv("QUIRE_SEED");
    if (wanted != nullptr) return {static_cast<unsigned>(std::strtoul(wanted, nullptr, 0))};
    return {1, 2, 3, 4, 5, 6};
}
INSTANTIATE_TEST_SUITE_P(Seeds, FileAuthority, ::testing::ValuesIn(seeds_of_authority()));

}  // namespace
}  // namespace quire::server

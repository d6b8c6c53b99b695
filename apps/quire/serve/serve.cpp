// SPDX-License-Identifier: MIT

#include "quire/assembly/serve.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "frame/options.hpp"
#include "frame/session.hpp"
#include "frame/verb.hpp"
#include "quire/base/name.hpp"
#include "quire/base/unique_fd.hpp"
#include "quire/base/units.hpp"
#include "quire/memory/page_pool.hpp"

namespace quire::app {

namespace {

class Serve final : public Command {
public:
    void declare(Options& options) override {
        options.operand("ADDRESS", address_, "what to serve: an image, or a directory in one")
            .value("-s,--socket", "PATH", socket_, "where clients connect", ValueKind::host_path)
            .flag("-d,--device", device_, "serve the bytes, not the filesystem on them")
            .flag("-r,--read-only", read_only_, "no client can change anything")
            .value(
                "-m,--mode", "MODE", [this](std::string_view text) { return read_mode(text); },
                "who may connect: the socket's permissions, octal (default 600)")
            .value(
                "--memory", "SIZE", [this](std::string_view text) { return read_memory(text); },
                "what clients may find without asking (default 256M; 0: nothing)")
            .flag("--no-root", no_root_,
                  "your own programs act as you, and not as the image's root")
            .flag("-b,--background", background_, "return when clients can come");
    }

    Result<void> run(Session& session) override {
        if (socket_.empty()) return session.usage("--socket says where clients connect");
        auto address = assembly::Address::parse(address_);
        if (!address) return session.usage(told(address.error()));
        const assembly::ServeRequest request{
            .address = *std::move(address),
            .form = device_ ? assembly::ServeRequest::Form::device
                            : assembly::ServeRequest::Form::filesystem,
            .socket = socket_,
            .socket_mode = mode_,
            .read_only = read_only_,
            .owner_is_root = !no_root_,
            .memory = memory_,
        };
        if (background_) return run_in_background(session, request);
        return assembly::serve(request, session.environment(), [&](const std::string& line) {
            if (session.manner().quiet) return;
            session.out().print("{}\n", line);
            if (auto written = session.out().flush(); !written) session.report(written.error());
        });
    }

private:
    Result<void> read_memory(std::string_view text) {
        QUIRE_TRY_ASSIGN(memory_, parse_size(text));
        if (memory_ != 0 && memory_ < paging::PagePool::least_budget)
            return fail(std::errc::invalid_argument, "--memory takes 0, or 2M at least");
        return {};
    }

    Result<void> read_mode(std::string_view text) {
        unsigned mode = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
        if (error != std::errc{} || end != text.data() + text.size() || mode > 0777)
            return fail(
                std::errc::invalid_argument,
                fmt::format("--mode takes octal permissions up to 777, not '{}'", printable(text)));
        mode_ = mode;
        return {};
    }

    // A child serves; what it says goes where this process's words go until clients can come.
    Result<void> run_in_background(Session& session, const assembly::ServeRequest& request) const {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno();
        const UniqueFd hears(ends[0]);
        UniqueFd says(ends[1]);
        const pid_t child = ::fork();
        if (child < 0) return fail_errno("no process can be made for the server");
        if (child == 0) {
            ::setsid();
            return assembly::serve(request, session.environment(), [&](const std::string& line) {
                if (::write(says.get(), line.data(), line.size()) < 0) session.set_exit_code(1);
                says.reset();
                leave_standard_streams();
            });
        }
        says.reset();
        std::string line;
        char buffer[512];
        ssize_t got = 0;
        while ((got = ::read(hears.get(), buffer, sizeof(buffer))) != 0) {
            if (got > 0)
                line.append(buffer, static_cast<std::size_t>(got));
            else if (errno != EINTR)
                return fail_errno();
        }
        if (!line.empty()) {
            if (!session.manner().quiet) session.out().print("{}\n", line);
            return {};
        }
        // It has said why.
        int status = 0;
        while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
        session.set_exit_code(WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status)
                                                                            : 1);
        return {};
    }

    // Whoever waits for the end of this program's output must not wait for the server's.
    static void leave_standard_streams() {
        const UniqueFd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
        for (const int fd : {0, 1, 2})
            if (::dup2(nothing.get(), fd) < 0) return;
    }

    std::string address_;
    std::string socket_;
    mode_t mode_ = 0600;
    bool device_ = false;
    bool read_only_ = false;
    bool no_root_ = false;
    std::uint64_t memory_ = assembly::ServeRequest::usual_memory;
    bool background_ = false;
};

}  // namespace

const Verb verb_serve = {
    .name = "serve",
    .summary = "serve an image to other programs, from a confined process",
    .examples =
        "quire serve disk.img --socket /tmp/disk &      # until ^C, SIGTERM\n"
        "quire ls socket:/tmp/disk:/etc                 # every verb works on it\n"
        "quire serve -b -r disk.img:/srv -s srv -m 666  # a part, to everybody, to read\n"
        "quire serve -b -d disk.img -s bytes            # its bytes, as a device\n"
        "quire serve -b socket:bytes -s tree            # the filesystem on them\n",
    .common = {},
    .make = make_command<Serve>,
};

}  // namespace quire::app

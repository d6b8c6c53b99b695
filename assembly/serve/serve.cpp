// SPDX-License-Identifier: MIT

#include "quire/assembly/serve.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "quire/base/name.hpp"
#include "quire/ipc/listening_socket.hpp"
#include "quire/ipc/readiness.hpp"
#include "serve/records.hpp"
#include "serve/serving.hpp"

namespace quire::assembly {

namespace {

// From the server to who waits for it: a byte that says what follows, which is a line for people,
// nothing, or an error's number and, behind a colon, its sentence. The server reads foreign images:
// whatever it says is short, and shown as text.
constexpr char is_ready = '+';
constexpr char is_stopping = '.';
constexpr char has_failed = '-';
constexpr std::size_t longest_news = 16384;

void tell(int fd, char what, const std::string& text) {
    const std::string message = what + text;
    std::size_t done = 0;
    while (done < message.size()) {
        const ssize_t written = ::write(fd, message.data() + done, message.size() - done);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        done += static_cast<std::size_t>(written);
    }
}

/// Everything up to the end, or the NUL that ends all news but the last.
std::string hear(int fd) {
    std::string heard;
    char byte = 0;
    while (true) {
        const ssize_t got = ::read(fd, &byte, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0 || byte == '\0') return heard;
        if (heard.size() < longest_news) heard += byte;
    }
}

/// News as text, whatever bytes they are. Backslashes stay: what was written for people has been
/// made printable already, and is not to be changed once more.
std::string as_text(std::string_view news) {
    std::string text;
    while (true) {
        const std::size_t end = std::min(news.find('\\'), news.size());
        text += printable(news.substr(0, end));
        if (end == news.size()) return text;
        text += '\\';
        news.remove_prefix(end + 1);
    }
}

Error error_of(const std::string& news) {
    int number = 0;
    const char* const end = news.data() + news.size();
    const char* const colon = std::from_chars(news.data(), end, number).ptr;
    if (number == 0 || colon == end) return Error(std::errc::io_error, as_text(news));
    return Error(static_cast<std::errc>(number), as_text({colon + 1, end}));
}

/// The child: everything that the server does.
Result<void> run_server(const ServeRequest& request, const Environment& environment,
                        ipc::ListeningSocket socket, int news) {
    Serving serving(request, environment);
    QUIRE_TRY(serving.hold(socket.replaced()));
    QUIRE_TRY(serving.confine(socket, {news}));
    QUIRE_TRY_ASSIGN(const std::string line, serving.start(std::move(socket)));
    tell(news, is_ready, line + '\0');
    serving.wait();
    tell(news, is_stopping, std::string(1, '\0'));
    return serving.finish();
}

[[noreturn]] void be_the_server(const ServeRequest& request, const Environment& environment,
                                ipc::ListeningSocket socket, UniqueFd news, pid_t parent) {
    // Who kills the process that stays behind means the server.
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(1);
    const auto served = run_server(request, environment, std::move(socket), news.get());
    if (!served) {
        const Error& error = served.error();
        tell(news.get(), has_failed,
             fmt::format("{}:{}", static_cast<int>(error.code()), error.sentence()));
    }
    std::exit(served ? 0 : 1);
}

/// While it lives, signals that end this process are for its child.
class Forwarding {
public:
    explicit Forwarding(pid_t child) {
        child_ = child;
        struct sigaction action{};
        action.sa_handler = [](int signal) { ::kill(child_, signal); };
        for (std::size_t i = 0; i < signals.size(); ++i)
            ::sigaction(signals[i], &action, &before_[i]);
    }
    ~Forwarding() {
        for (std::size_t i = 0; i < signals.size(); ++i)
            ::sigaction(signals[i], &before_[i], nullptr);
    }
    Forwarding(const Forwarding&) = delete;
    Forwarding& operator=(const Forwarding&) = delete;

private:
    static constexpr std::array signals{SIGTERM, SIGINT, SIGHUP};
    static inline volatile pid_t child_ = -1;
    std::array<struct sigaction, signals.size()> before_{};
};

int wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    return status;
}

std::optional<ImageIdentity> image_of(const ServeRequest& request, const Environment& environment) {
    if (request.address.scheme() != Address::Scheme::file) return std::nullopt;
    struct stat facts{};
    if (::stat(environment.host_path(request.address.source()).c_str(), &facts) != 0)
        return std::nullopt;
    return ImageIdentity{facts.st_dev, facts.st_ino};
}

/// Stays behind until the server has ended.
Result<void> look_after(pid_t child, const UniqueFd& news, const ServeRequest& request,
                        const Environment& environment, const Ready& ready) {
    const Forwarding forwarding(child);
    std::optional<Record> record;
    std::string heard = hear(news.get());
    if (heard.starts_with(is_ready)) {
        if (auto left = Record::leave(environment, environment.host_path(request.socket),
                                      image_of(request, environment)))
            record.emplace(*std::move(left));
        const std::string line = as_text(std::string_view(heard).substr(1));
        if (const auto told = ipc::report_ready(line); !told)
            fmt::print(stderr, "quire serve: {}\n", told.error().message());
        ready(line);
        heard = hear(news.get());
    }
    if (heard.starts_with(is_stopping)) {
        // Who is not told sees the end itself.
        (void)ipc::report_stopping();
        heard = hear(news.get());
    }
    const int status = wait_for(child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    if (heard.starts_with(has_failed)) return std::unexpected(error_of(heard.substr(1)));
    return fail(std::errc::connection_reset,
                WIFSIGNALED(status)
                    ? fmt::format("the server was killed by {}", ::strsignal(WTERMSIG(status)))
                    : "the server has ended without a word");
}

}  // namespace

Result<void> serve(const ServeRequest& request, const Environment& environment,
                   const Ready& ready) {
    const std::string path = environment.host_path(request.socket);
    QUIRE_TRY_ASSIGN(ipc::ListeningSocket socket,
                     ipc::ListeningSocket::bind(path, request.socket_mode));
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno();
    UniqueFd ours(ends[0]);
    UniqueFd theirs(ends[1]);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) return fail_errno("no process can be made for the server");
    if (child == 0) {
        ours.reset();
        be_the_server(request, environment, std::move(socket), std::move(theirs), parent);
    }
    theirs.reset();
    // Only the server listens: when it is gone, clients are to hear of it at once.
    socket.close();
    return look_after(child, ours, request, environment, ready);
}

std::vector<std::string> running_servers(const Environment& environment) {
    return recorded_sockets(environment);
}

}  // namespace quire::assembly

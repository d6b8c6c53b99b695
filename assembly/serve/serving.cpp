// SPDX-License-Identifier: MIT

#include "serve/serving.hpp"

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <utility>

#include "quire/base/name.hpp"
#include "quire/confine/confinement.hpp"

namespace quire::assembly {

namespace {

/// As the kernel's ext4 does by default.
constexpr timespec commit_interval{.tv_sec = 5, .tv_nsec = 0};
constexpr std::chrono::seconds time_for_calls{10};

/// Who commits now and then does not wait for a device that takes longer: nobody would hear the
/// signals of the end meanwhile.
fs::Call as_server() {
    fs::Call call = fs::Call::as_root();
    call.deadline = std::chrono::steady_clock::now() + time_for_calls;
    return call;
}

// Each client takes a descriptor, and more for what it hands over.
void allow_as_many_descriptors_as_may_be() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

sigset_t signals_of_end() {
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, signal);
    return signals;
}

}  // namespace

Serving::Serving(const ServeRequest& request, const Environment& environment)
    : request_(request),
      environment_(environment),
      access_(request.read_only ? Access::read : Access::write),
      assembler_(environment) {}

Serving::~Serving() = default;

Result<void> Serving::hold(bool patient) {
    allow_as_many_descriptors_as_may_be();
    // Before there are threads, so that none of them gets these.
    const sigset_t signals = signals_of_end();
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    const auto until = std::chrono::steady_clock::now() + time_for_calls;
    while (true) {
        auto held = assembler_.hold(request_.address, access_);
        if (held) {
            held_ = *std::move(held);
            return {};
        }
        if (!patient || held.error() != std::errc::device_or_resource_busy ||
            std::chrono::steady_clock::now() > until)
            return std::unexpected(std::move(held).error());
        constexpr timespec while_it_commits{.tv_sec = 0, .tv_nsec = 20'000'000};
        ::nanosleep(&while_it_commits, nullptr);
    }
}

Result<void> Serving::confine(const ipc::ListeningSocket& socket, const std::vector<int>& others) {
    confine::Confinement wanted;
    wanted.keep = held_;
    wanted.keep.push_back(socket.fd());
    wanted.keep.push_back(environment_.errors);
    wanted.keep.insert(wanted.keep.end(), others.begin(), others.end());
    wanted.writable_device = !request_.read_only;
    wanted.makes_channels = true;
    QUIRE_TRY_ASSIGN(const confine::Report report, confine::confine(wanted));
    confinement_ = report.line();
    return {};
}

Result<void> Serving::open_tree() {
    assembler_.keep_images();
    QUIRE_TRY_ASSIGN(const Location place, assembler_.locate(request_.address, access_));
    server::Authority all(place.tree, fs::Credentials::root(), request_.read_only);
    if (!place.path.components().empty()) {
        auto part = all.narrow(place.path, request_.read_only);
        if (!part)
            return std::unexpected(
                std::move(part).error().within(printable(request_.address.text())));
        all = *std::move(part);
    }
    served_->files = std::make_unique<server::FileServer>(
        place.tree,
        server::FileServerOptions{.clock = environment_.clock, .buffers = served_->buffers});
    served_->tree = std::move(all);
    served_->image = assembler_.image(place);
    return {};
}

Result<void> Serving::open() {
    served_->description = request_.address.text();
    served_->read_only = request_.read_only;
    served_->owner_is_root = request_.owner_is_root;
    served_->uid = ::geteuid();
    served_->confinement = confinement_;
    if (request_.form == ServeRequest::Form::filesystem) return open_tree();
    QUIRE_TRY_ASSIGN(served_->device, assembler_.device(request_.address, access_));
    return {};
}

Result<std::string> Serving::start(ipc::ListeningSocket socket) {
    QUIRE_TRY(open());
    const std::string path = socket.path();
    QUIRE_TRY_ASSIGN(server_, ipc::Server::create());
    served_->snapshot = [this] { return server_->snapshot(); };
    QUIRE_TRY(
        server_->listen(std::move(socket), [this](const ipc::Peer& peer) -> Result<ipc::AnyCap> {
            return ipc::AnyCap(
                ipc::Cap<protocols::Service>(std::make_shared<ServiceObject>(served_, peer)));
        }));
    const std::string what =
        served_->tree ? std::string(served_->tree->tree().volume().type_name()) : "device";
    return fmt::format("serving {} ({}{}) at socket:{}", printable(request_.address.text()), what,
                       request_.read_only ? ", for reading only" : "", printable(path));
}

void Serving::wait() {
    const sigset_t signals = signals_of_end();
    while (true) {
        const int signal = ::sigtimedwait(&signals, nullptr, &commit_interval);
        if (signal > 0) return;
        if (errno != EAGAIN) continue;
        // What fails here fails for the clients too, when they ask; here it is for who looks after
        // the server.
        if (const auto done = served_->commit(as_server()); !done) say(done.error());
    }
}

Result<void> Serving::finish() {
    const bool quiet = server_->stop(std::chrono::steady_clock::now() + time_for_calls);
    if (!quiet) say(Error(std::errc::operation_canceled, "calls in progress were cancelled"));
    server_.reset();
    served_->files.reset();
    served_->tree.reset();
    served_->image = nullptr;
    served_->device.reset();
    return assembler_.finish();
}

void Serving::say(const Error& error) const {
    const std::string line = fmt::format("quire serve: {}\n", error.message());
    // Nobody is left to hear of a failure.
    if (::write(environment_.errors, line.data(), line.size()) < 0) return;
}

}  // namespace quire::assembly

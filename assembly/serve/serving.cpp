// SPDX-License-Identifier: MIT

#include "serve/serving.hpp"

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <ctime>
#include <mutex>
#include <stop_token>
#include <utility>

#include "quire/base/name.hpp"
#include "quire/confine/confinement.hpp"
#include "quire/ipc/call.hpp"
#include "quire/remote/volume.hpp"

namespace quire::assembly {

namespace {

/// As the kernel's ext4 does by default.
constexpr std::chrono::seconds commit_interval{5};
constexpr std::chrono::seconds time_for_calls{10};
/// For that, and what is to be written then; what takes longer is worth a word.
constexpr std::chrono::seconds time_for_end{20};

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

// False when it is cut short.
bool passes(std::chrono::seconds time, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any ended;
    std::unique_lock lock(mutex);
    return !ended.wait_for(lock, stop, time, [&] { return stop.stop_requested(); });
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
    channels_.max_descriptors = ipc::ServerOptions::descriptors_for_clients();
    // Before there are threads, so that none of them gets these.
    const sigset_t signals = signals_of_end();
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    const auto patience = ipc::Call::within(time_for_calls);
    while (true) {
        auto held = assembler_.hold(request_.address, access_);
        if (held) {
            held_ = *std::move(held);
            return {};
        }
        if (!patient || held.error() != std::errc::device_or_resource_busy || patience.expired())
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

// Where there can be none, content goes by message. What lies on another server may change without
// this one.
std::shared_ptr<paging::PagePool> Serving::pages_for(fs::Tree& tree) const {
    if (request_.memory == 0 || dynamic_cast<remote::Volume*>(&tree.volume()) != nullptr)
        return nullptr;
    auto pool = paging::PagePool::create({.budget = request_.memory});
    return pool ? *std::move(pool) : nullptr;
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
        place.tree, server::FileServerOptions{.clock = environment_.clock,
                                              .buffers = served_->buffers,
                                              .pages = pages_for(*place.tree)});
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
    QUIRE_TRY_ASSIGN(server_, ipc::Server::create(channels_));
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

void Serving::commit_now_and_then(const std::stop_token& stop) {
    while (passes(commit_interval, stop)) {
        fs::Call call = fs::Call::as_root();
        call.token = stop;
        // What fails here fails for the clients too, when they ask; here it is for who looks after
        // the server.
        if (const auto done = served_->commit(call); !done && !stop.stop_requested())
            say(done.error());
    }
}

// A device may hang, or the server below, and nobody can be made to stop waiting for a device. What
// takes long is not cut short unless somebody insists; a terminal's signal comes twice at once.
void Serving::hear_who_insists(const std::stop_token& stop) const {
    if (!passes(time_for_end, stop)) return;
    say(Error(std::errc::timed_out,
              "what is served does not answer yet; another signal ends this without it"));
    const sigset_t signals = signals_of_end();
    constexpr timespec glance{.tv_sec = 0, .tv_nsec = 200'000'000};
    while (!stop.stop_requested())
        if (::sigtimedwait(&signals, nullptr, &glance) > 0) ::_exit(1);
}

void Serving::wait() {
    // A thread of its own: this one hears the signals, whatever that one waits for.
    std::jthread committer;
    if (!request_.read_only)
        committer =
            std::jthread([this](const std::stop_token& stop) { commit_now_and_then(stop); });
    const sigset_t signals = signals_of_end();
    int signal = 0;
    while (::sigwait(&signals, &signal) != 0) continue;
    watchdog_ = std::jthread([this](const std::stop_token& stop) { hear_who_insists(stop); });
}

Result<void> Serving::finish() {
    const bool quiet = server_->stop(*ipc::Call::within(time_for_calls).deadline());
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

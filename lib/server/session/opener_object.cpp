// SPDX-License-Identifier: MIT

#include "session/opener_object.hpp"

#include "access/conversions.hpp"
#include "session/context_object.hpp"

namespace quire::server {

OpenerObject::OpenerObject(std::shared_ptr<SessionHost> host, Authority authority,
                           std::shared_ptr<wire::Account> account)
    : presence_(std::move(host), &SessionHost::openers),
      authority_(std::move(authority)),
      account_(std::move(account)) {}

Result<ipc::Cap<protocols::OpenerContext>> OpenerObject::context(const ipc::Call&) {
    return ipc::Cap<protocols::OpenerContext>(
        std::make_shared<ContextObject>(presence_.host(), authority_, account_));
}

Result<ipc::Cap<protocols::Opener>> OpenerObject::restrict(const ipc::Call& call,
                                                           std::string_view path, bool read_only) {
    Path below;
    if (!path.empty()) {
        QUIRE_TRY_ASSIGN(below, Path::parse(path));
    }
    QUIRE_TRY_ASSIGN(Authority less, authority_.narrow(below, read_only, call.deadline()));
    // It answers for its buffers together with the one that it came of.
    return ipc::Cap<protocols::Opener>(
        std::make_shared<OpenerObject>(presence_.host(), std::move(less), account_));
}

Result<ipc::Cap<protocols::Opener>> FilesystemObject::open_for_user(
    const ipc::Call&, const protocols::Identity& user) {
    QUIRE_TRY_ASSIGN(fs::Credentials credentials, from_message(user));
    // Who handed it out answers for its buffers.
    return ipc::Cap<protocols::Opener>(std::make_shared<OpenerObject>(
        host_, Authority(host_->tree, std::move(credentials)), account_));
}

Result<void> FilesystemObject::sync(const ipc::Call& call) {
    return host_->tree->sync({fs::Credentials::root(), call.deadline(), call.token()});
}

FileServer::FileServer(std::shared_ptr<fs::Tree> tree, FileServerOptions options)
    : host_(std::make_shared<SessionHost>(std::move(tree), std::move(options))) {}

ipc::Cap<protocols::Filesystem> FileServer::filesystem(std::shared_ptr<wire::Account> account) {
    return {std::make_shared<FilesystemObject>(host_, std::move(account))};
}

ipc::Cap<protocols::Opener> FileServer::opener(Authority authority,
                                               std::shared_ptr<wire::Account> account) {
    return {std::make_shared<OpenerObject>(host_, std::move(authority), std::move(account))};
}

std::shared_ptr<wire::Account> FileServer::new_account() const {
    return std::make_shared<wire::Account>(host_->options.account, host_->options.buffers);
}

FileServerCounters FileServer::counters() const {
    return {.openers = host_->openers,
            .contexts = host_->contexts,
            .files = host_->files,
            .directories = host_->directories,
            .providers = host_->registry->providers(),
            .buffers = host_->options.buffers->used(),
            .memory = host_->options.pages ? host_->options.pages->counters()
                                           : paging::PagePool::Counters(),
            .untold = host_->registry->courier().busy()};
}

}  // namespace quire::server

// SPDX-License-Identifier: MIT

#include "server/session/account.hpp"

namespace quire::ipc {

bool Account::take(Counter& counter, std::size_t count, std::size_t limit) {
    if (counter.fetch_add(count, std::memory_order_relaxed) + count <= limit) return true;
    counter.fetch_sub(count, std::memory_order_relaxed);
    return false;
}

bool Account::take_of(Stock Stocks::* stock, Stock::Use Uses::* use, std::size_t count) {
    Stock& all = (*stocks_).*stock;
    Stock::Use& of_user = (*user_).*use;
    Stock::Use& own = own_.*use;
    return shares_ ? all.take(of_user, own, count) : all.take_for_itself(of_user, own, count);
}

bool Account::take(const Wanted& wanted) {
    if (!take(*wanted.counter, wanted.count, wanted.quota)) return false;
    if (wanted.stock == nullptr || take_of(wanted.stock, &Uses::channels, wanted.count)) {
        if (take_of(&Stocks::descriptors, &Uses::descriptors, wanted.descriptors)) return true;
        if (wanted.stock != nullptr)
            stocks_->channels.give_back(user_->channels, own_.channels, wanted.count);
    }
    wanted.counter->fetch_sub(wanted.count, std::memory_order_relaxed);
    return false;
}

Account::Charge Account::charge(const Wanted& wanted) {
    if (!take(wanted)) return nullptr;
    return Charge(wanted.counter,
                  [account = shared_from_this(), wanted](void*) { account->give_back(wanted); });
}

void Account::give_back(const Wanted& wanted) {
    stocks_->descriptors.give_back(user_->descriptors, own_.descriptors, wanted.descriptors);
    if (wanted.stock != nullptr)
        stocks_->channels.give_back(user_->channels, own_.channels, wanted.count);
    wanted.counter->fetch_sub(wanted.count, std::memory_order_relaxed);
}

bool Account::take_object() {
    if (!take(objects_, 1, quota_.objects)) return false;
    if (take_of(&Stocks::objects, &Uses::objects, 1)) return true;
    objects_.fetch_sub(1, std::memory_order_relaxed);
    return false;
}

void Account::give_objects(std::size_t count) {
    stocks_->objects.give_back(user_->objects, own_.objects, count);
    objects_.fetch_sub(count, std::memory_order_relaxed);
}

Accounts::Accounts(const Quota& quota, const Sizes& sizes)
    : quota_(quota),
      stocks_(std::make_shared<Stocks>(sizes.channels, sizes.descriptors, sizes.objects)) {}

std::shared_ptr<Account> Accounts::open(std::optional<uid_t> user) {
    if (!user) return std::make_shared<Account>(quota_, stocks_, nullptr);
    const std::scoped_lock lock(mutex_);
    std::erase_if(users_, [](const auto& known) { return known.second.expired(); });
    std::weak_ptr<Uses>& known = users_[*user];
    std::shared_ptr<Uses> uses = known.lock();
    if (!uses) known = uses = std::make_shared<Uses>();
    return std::make_shared<Account>(quota_, stocks_, std::move(uses));
}

}  // namespace quire::ipc

// SPDX-License-Identifier: MIT

#include <array>
#include <optional>
#include <stdexcept>
#include <utility>

#include "quire/client/context.hpp"
#include "quire/ipc/client.hpp"
#include "quire/protocols/service.hpp"
#include "served/reach.hpp"

namespace quire::bench {

namespace {

const ipc::Call call = ipc::Call::forever();

template <typename T>
T value(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message());
    return *std::move(result);
}

void require(const Result<void>& done) {
    if (!done) throw std::runtime_error(done.error().message());
}

class ServedContent final : public Content {
public:
    explicit ServedContent(client::File file) : file_(std::move(file)) {}

    void read(std::uint64_t position, std::span<std::byte> memory) override {
        if (value(file_.pread(position, memory)) != memory.size())
            throw std::runtime_error("a read was short");
    }
    void write(std::uint64_t position, std::span<const std::byte> memory) override {
        require(file_.pwrite(position, memory));
    }
    void sync() override { require(file_.flush()); }
    void truncate() override { require(file_.truncate(0)); }

private:
    client::File file_;
};

class Served final : public Reach {
public:
    Served(const std::string& socket, bool slot) {
        const auto service =
            value(ipc::connect<protocols::Service>(socket, ipc::ClientOptions({}, slot)));
        const auto opener = value(service->opener(call, "", false));
        context_ = value(opener->context(call));
    }

    void open(const std::string& path) override {
        value(context_->open(call, path, protocols::open_read, 0, 0));
    }
    std::uint64_t stat(const std::string& path) override {
        return value(context_->stat(call, path, true)).size;
    }
    std::uint64_t read(const std::string& path) override {
        return value(context_->read(call, path, protocols::content_limit)).content.size();
    }
    std::uint64_t list(const std::string& path) override {
        auto listing = value(context_->open_directory(call, path, 0, true));
        std::uint64_t count = listing.page.count;
        while (!listing.page.last) {
            listing.page =
                value(listing.directory->page(call, position_of_last(listing.page), 0, true));
            count += listing.page.count;
        }
        return count;
    }
    std::unique_ptr<Content> content(const std::string& path, bool writable) override {
        return std::make_unique<ServedContent>(
            value(files().open(path, writable ? "r+" : "r", {.buffered = false})));
    }
    std::uint64_t find(const std::string& path) override { return value(files().stat(path)).size; }
    void miss(const std::string& path) override {
        const auto found = files().stat(path);
        if (found || found.error() != std::errc::no_such_file_or_directory)
            throw std::runtime_error(path + " is there");
    }
    std::uint64_t read_file(const std::string& path) override {
        client::File file = value(files().open(path, protocols::open_read));
        const std::size_t got = value(file.read(buffer_));
        if (!file.close()) throw std::runtime_error("a file was not closed");
        return got;
    }
    std::int64_t messages() const override {
        const ipc::ChannelCounters counters = context_->remote()->counters();
        return static_cast<std::int64_t>(counters.sent_messages + counters.received_messages);
    }

private:
    client::Context& files() {
        if (!files_) files_.emplace(context_);
        return *files_;
    }
    static std::uint64_t position_of_last(const protocols::DirectoryPage& page) {
        ipc::Decoder entries(page.entries);
        protocols::DetailedEntry entry;
        for (std::uint32_t i = 0; i < page.count; ++i) decode(entries, entry);
        return entry.entry.next;
    }

    ipc::Cap<protocols::OpenerContext> context_;
    std::optional<client::Context> files_;
    std::array<std::byte, 65536> buffer_{};
};

}  // namespace

std::unique_ptr<Reach> reach_served(const std::string& socket, bool slot) {
    return std::make_unique<Served>(socket, slot);
}

}  // namespace quire::bench

// SPDX-License-Identifier: MIT

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <span>

#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "look/start.hpp"
#include "quire/base/name.hpp"
#include "quire/base/units.hpp"

namespace quire::app {

namespace {

// Large enough that a run of a well laid out file is one request, small enough to stay in cache.
constexpr std::size_t run_length = MiB;
/// Where mostly nothing is.
constexpr std::size_t run_behind_end = 32 * KiB;

class Cat final : public Command {
public:
    void declare(Options& options) override {
        options.operands("ADDRESS", addresses_, 0,
                         "files to print one after the other; '-', or nothing, is standard input");
    }

    Result<void> run(Session& session) override {
        session_ = &session;
        // On a terminal the file itself is the progress.
        if (!session.environment().output_is_terminal) progress_ = &session.progress();
        // Pages that nothing is read into are not touched.
        place_ = std::make_unique_for_overwrite<std::byte[]>(run_length);
        memory_ = {place_.get(), run_length};
        if (addresses_.empty()) addresses_.emplace_back("-");
        for (const std::string& address : addresses_) {
            auto done = address == "-" ? copy_input() : copy(address);
            if (!done) session.report(done.error());
            if (!session.out().alive()) break;
        }
        return {};
    }

private:
    Result<void> copy(const std::string& address) {
        QUIRE_TRY_ASSIGN(const Start start,
                         find_start(*session_, address, assembly::Bare::host, fs::Follow::yes));
        auto done = copy_file(start);
        // A failed write is about the output, whatever is being read.
        if (!done && session_->out().alive())
            return std::unexpected(std::move(done).error().within(printable(address)));
        return done;
    }

    Result<void> copy_file(const Start& start) {
        const fs::Call call = session_->call();
        fs::Tree& tree = *start.place.tree;
        if (start.node->type() == fs::FileType::directory) return fail(std::errc::is_a_directory);
        QUIRE_TRY_ASSIGN(const auto file,
                         tree.open(call, start.node, {.read = true, .write = false}));
        QUIRE_TRY_ASSIGN(const fs::Attributes attributes, file->attributes(call));
        progress_->expect(attributes.size, 1);
        progress_->current(start.place.text);
        std::uint64_t offset = 0;
        while (true) {
            // What has grown meanwhile, and what says that it has no size.
            std::uint64_t end = offset + run_behind_end;
            if (offset < attributes.size) {
                // Holes are not read: their zeros are at hand.
                QUIRE_TRY_ASSIGN(const std::uint64_t data,
                                 next_data(*file, offset, attributes.size));
                QUIRE_TRY(write_zeros(data - offset));
                offset = data;
                QUIRE_TRY_ASSIGN(end, end_of_data(*file, offset));
            }
            const std::size_t wanted =
                static_cast<std::size_t>(std::min<std::uint64_t>(memory_.size(), end - offset));
            QUIRE_TRY_ASSIGN(const std::size_t count,
                             file->read(call, offset, memory_.first(wanted)));
            if (count == 0) break;
            QUIRE_TRY(session_->out().write(memory_.first(count)));
            progress_->advance(count, 0);
            offset += count;
        }
        progress_->advance(0, 1);
        return {};
    }

    // Where data begins at or after `offset`; with none left, the end of the file.
    Result<std::uint64_t> next_data(fs::OpenFile& file, std::uint64_t offset, std::uint64_t size) {
        auto data = file.seek(session_->call(), offset, fs::SeekTo::data);
        if (data) return std::max(*data, offset);
        if (data.error() == std::errc::no_such_device_or_address) return std::max(offset, size);
        return offset;  // a volume that knows no holes
    }

    Result<std::uint64_t> end_of_data(fs::OpenFile& file, std::uint64_t offset) {
        auto hole = file.seek(session_->call(), offset, fs::SeekTo::hole);
        if (hole && *hole > offset) return *hole;
        return offset + run_length;
    }

    Result<void> write_zeros(std::uint64_t length) {
        if (length == 0) return {};
        std::ranges::fill(memory_.first(std::min<std::uint64_t>(length, memory_.size())),
                          std::byte{0});
        while (length > 0) {
            const auto count =
                static_cast<std::size_t>(std::min<std::uint64_t>(length, memory_.size()));
            QUIRE_TRY(session_->out().write(memory_.first(count)));
            progress_->advance(count, 0);
            length -= count;
        }
        return {};
    }

    Result<void> copy_input() {
        while (true) {
            const ssize_t count =
                ::read(session_->environment().input, memory_.data(), memory_.size());
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return fail_errno("reading standard input");
            if (count == 0) return {};
            QUIRE_TRY(session_->out().write(memory_.first(static_cast<std::size_t>(count))));
        }
    }

    Session* session_ = nullptr;
    NoProgress no_progress_;
    Progress* progress_ = &no_progress_;
    std::vector<std::string> addresses_;
    std::unique_ptr<std::byte[]> place_;
    std::span<std::byte> memory_;
};

}  // namespace

const Verb verb_cat = {
    .name = "cat",
    .summary = "print files",
    .examples =
        "quire cat disk.img:/etc/passwd\n"
        "quire cat main.fs:/fs/docs.fs:/docs/COPYING.txt   # inside an image in an image\n"
        "quire cat disk.img:/var/backup.img > backup.img   # holes are not read\n",
    .common = {.progress = true},
    .make = make_command<Cat>,
};

}  // namespace quire::app

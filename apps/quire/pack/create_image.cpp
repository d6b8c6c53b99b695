// SPDX-License-Identifier: MIT

// From a tree to an image: measure, choose a size, write everything in one pass into a file
// without a name, and only then give it its name. Measuring can be wrong (the source may grow
// meanwhile): when the image turns out too small it is made again, larger.

#include <fmt/core.h>

#include <algorithm>
#include <random>

#include "output/json.hpp"
#include "output/new_file.hpp"
#include "output/transfer_listener.hpp"
#include "pack/create.hpp"
#include "pack/source.hpp"
#include "quire/base/units.hpp"
#include "quire/transfer/pack.hpp"
#include "quire/volumes/ext/image_writer.hpp"

namespace quire::app {

namespace {

constexpr std::uint32_t automatic_spare_percent = 15;
constexpr int most_attempts = 4;

// Chance by parameter: a version 4 UUID from a stream of numbers that the seed decides.
ext::Uuid make_uuid(std::mt19937_64& stream) {
    ext::Uuid uuid{};
    for (std::size_t half = 0; half < 2; ++half) {
        std::uint64_t bits = stream();
        for (std::size_t i = 0; i < 8; ++i, bits >>= 8)
            uuid[half * 8 + i] = static_cast<std::uint8_t>(bits);
    }
    uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0F) | 0x40);
    uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3F) | 0x80);
    return uuid;
}

class Creation {
public:
    Creation(Session& session, const CreateRequest& request)
        : session_(session),
          request_(request),
          listener_(session),
          account_(listener_, session.progress()) {}

    Result<void> run();

private:
    Result<void> measure();
    void choose_format(std::uint32_t block_size);
    std::uint64_t image_size(int attempt) const;
    Result<void> write(NewFile& file, std::uint64_t size);
    void tell(std::uint64_t size);

    Session& session_;
    const CreateRequest& request_;
    TransferListener listener_;
    transfer::Account account_;
    std::unique_ptr<PackSource> source_;
    transfer::PackOptions pack_;
    transfer::PackSize demand_;
    ext::FormatOptions format_;
};

Result<void> Creation::measure() {
    pack_.uid = request_.force_uid;
    pack_.gid = request_.force_gid;
    pack_.root_uid = request_.owner;
    pack_.root_gid = request_.group;
    pack_.exclude = request_.exclude;
    constexpr std::uint32_t usual_block_size = 4096;
    const bool given = request_.size == CreateRequest::Size::given;
    const std::uint32_t block_size = request_.block_size.value_or(
        given ? ext::default_block_size(request_.bytes) : usual_block_size);
    transfer::Account account(listener_, session_.progress());
    // A size that is given need not be found.
    const auto estimate = given ? transfer::Estimate::quick : transfer::Estimate::full;
    QUIRE_TRY_ASSIGN(demand_, source_->measure(pack_, block_size, estimate, account));
    session_.progress().expect(demand_.bytes, demand_.entries);
    choose_format(block_size);
    return {};
}

// Nothing in the image may depend on when and where it is made, unless somebody says so.
void Creation::choose_format(std::uint32_t block_size) {
    const assembly::Environment& world = session_.environment();
    pack_.made = world.source_date.value_or(demand_.newest);
    std::mt19937_64 stream(demand_.fingerprint ^ world.seed.value_or(0));
    format_.type = request_.type;
    format_.block_size = block_size;
    format_.label = request_.label;
    format_.uuid = make_uuid(stream);
    format_.hash_seed = make_uuid(stream);
    if (request_.uuid) format_.uuid = *request_.uuid;
    format_.time = pack_.made;
    format_.device_is_zero = true;
    if (!request_.journal) format_.journal_size = 0;

    const bool minimal = request_.size == CreateRequest::Size::minimal;
    if (minimal) format_.reserved_percent = 0;
    std::uint64_t inodes = demand_.inodes + 16;
    if (!minimal) inodes += std::max<std::uint64_t>(inodes / 8, 64);
    if (request_.size == CreateRequest::Size::given)
        inodes = std::max(inodes, request_.bytes / (16 * KiB));
    inodes = std::max<std::uint64_t>(inodes, request_.inodes.value_or(0));
    format_.inodes = static_cast<std::uint32_t>(std::min<std::uint64_t>(inodes, 0xFFFFF000u));
}

std::uint64_t Creation::image_size(int attempt) const {
    if (request_.size == CreateRequest::Size::given) return request_.bytes;
    const bool minimal = request_.size == CreateRequest::Size::minimal;
    ext::Demand demand{demand_.blocks, demand_.inodes};
    for (int i = 0; i < attempt; ++i) demand.content_blocks += demand.content_blocks / 8 + 64;
    const std::uint64_t size =
        ext::size_for(demand, format_, *format_.block_size, minimal ? 0 : automatic_spare_percent);
    if (minimal) return size;
    const std::uint64_t step = size < 64 * MiB ? 1 * MiB : 16 * MiB;
    return (size + step - 1) / step * step;
}

Result<void> Creation::write(NewFile& file, std::uint64_t size) {
    QUIRE_TRY(file.device()->resize(0));
    QUIRE_TRY(file.device()->resize(size));
    QUIRE_TRY_ASSIGN(const auto writer, ext::make_image_writer(file.device(), format_));
    QUIRE_TRY(source_->pack(pack_, *writer, account_));
    return writer->finish();
}

void Creation::tell(std::uint64_t size) {
    if (session_.manner().json) {
        session_.out().print("{}\n", Json::line("image")
                                         .add("image", request_.image)
                                         .add("size", size)
                                         .add("block_size", *format_.block_size)
                                         .add("entries", demand_.entries)
                                         .add("inodes", demand_.inodes)
                                         .add("content_bytes", demand_.bytes)
                                         .add("written", !session_.manner().dry_run)
                                         .text());
        return;
    }
    const std::string facts =
        fmt::format("{}: {} for {} entries with {} of content", printable(request_.image),
                    human_size(size), demand_.entries, human_size(demand_.bytes));
    if (session_.manner().dry_run)
        session_.out().print("{}\n", facts);
    else
        session_.note(facts);
}

Result<void> Creation::run() {
    const std::string path = session_.environment().host_path(request_.image);
    const std::size_t slash = path.rfind('/');
    const std::string directory = slash == path.npos ? "." : path.substr(0, slash + 1);
    QUIRE_TRY_ASSIGN(source_, PackSource::open(session_, request_.from, directory));
    QUIRE_TRY(measure());
    if (session_.manner().dry_run) {
        tell(image_size(0));
        return {};
    }
    QUIRE_TRY_ASSIGN(const auto file,
                     NewFile::open(path, request_.force ? NewFile::Existing::replace
                                                        : NewFile::Existing::refuse));
    std::uint64_t size = 0;
    for (int attempt = 0;; ++attempt) {
        size = image_size(attempt);
        const auto written = write(*file, size);
        if (written) break;
        const bool too_small = written.error() == std::errc::no_space_on_device;
        const bool fixed = request_.size == CreateRequest::Size::given;
        if (too_small && fixed)
            return fail(std::errc::no_space_on_device,
                        fmt::format("{} does not fit into {}; about {} are needed",
                                    printable(request_.from), human_size(size),
                                    human_size(ext::size_for({demand_.blocks, demand_.inodes},
                                                             format_, *format_.block_size, 5))));
        if (!too_small || attempt + 1 == most_attempts) return fail(written.error());
    }
    // An image that lacks what could not be read is told of by the exit code, and still made.
    QUIRE_TRY(file->publish());
    tell(size);
    return {};
}

}  // namespace

Result<void> create_image(Session& session, const CreateRequest& request) {
    return Creation(session, request).run();
}

}  // namespace quire::app

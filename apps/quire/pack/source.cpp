// SPDX-License-Identifier: MIT

#include "pack/source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <optional>
#include <utility>

#include "output/expectation.hpp"
#include "pack/streams.hpp"
#include "quire/base/name.hpp"
#include "quire/base/unique_fd.hpp"

namespace quire::app {

namespace {

class TreeSource final : public PackSource {
public:
    TreeSource(std::shared_ptr<fs::Tree> tree, fs::Call call, fs::NodeReference start)
        : tree_(std::move(tree)), call_(std::move(call)), start_(std::move(start)) {}

    Result<transfer::PackSize> measure(const transfer::PackOptions& options,
                                       std::uint32_t block_size, transfer::Estimate estimate,
                                       transfer::Account&) override {
        SilentListener silence;
        NoProgress nobody;
        transfer::Account account(silence, nobody);
        return transfer::measure(tree_, call_, start_, options, block_size, estimate, account);
    }
    Result<void> pack(const transfer::PackOptions& options, fs::ImageWriter& writer,
                      transfer::Account& account) override {
        return transfer::pack(tree_, call_, start_, options, writer, account);
    }

private:
    std::shared_ptr<fs::Tree> tree_;
    fs::Call call_;
    fs::NodeReference start_;
};

using OpenStream = std::function<std::unique_ptr<transfer::ByteStream>()>;

class TarSource final : public PackSource {
public:
    explicit TarSource(OpenStream open) : open_(std::move(open)) {}

    Result<transfer::PackSize> measure(const transfer::PackOptions& options,
                                       std::uint32_t block_size, transfer::Estimate,
                                       transfer::Account& account) override {
        const auto stream = open_();
        QUIRE_TRY_ASSIGN(plan_, transfer::TarPlan::make(*stream, options, block_size, account));
        return plan_->size();
    }
    Result<void> pack(const transfer::PackOptions& options, fs::ImageWriter& writer,
                      transfer::Account& account) override {
        const auto stream = open_();
        return plan_->pack(*stream, options, writer, account);
    }

private:
    OpenStream open_;
    std::optional<transfer::TarPlan> plan_;
};

Result<UniqueFd> spool(int input, const std::string& directory) {
    UniqueFd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!file)
        return fail_errno("an archive from a pipe can't be kept in " + printable(directory) +
                          " while it is read; give a file instead");
    std::vector<std::byte> piece(std::size_t{1} << 18);
    for (;;) {
        QUIRE_TRY_ASSIGN(const std::size_t got, read_descriptor(input, piece, std::nullopt));
        if (got == 0) return file;
        for (std::size_t done = 0; done < got;) {
            const ssize_t put = ::write(file.get(), piece.data() + done, got - done);
            if (put < 0 && errno == EINTR) continue;
            if (put < 0) return fail_errno("keeping the archive while it is read");
            done += static_cast<std::size_t>(put);
        }
    }
}

Result<std::unique_ptr<PackSource>> open_standard_input(int input, const std::string& directory) {
    struct stat facts{};
    const off_t start = ::lseek(input, 0, SEEK_CUR);
    if (start >= 0 && ::fstat(input, &facts) == 0 && S_ISREG(facts.st_mode))
        return std::make_unique<TarSource>(
            [input, start] { return std::make_unique<DescriptorStream>(input, start); });
    QUIRE_TRY_ASSIGN(UniqueFd file, spool(input, directory));
    const auto kept = std::make_shared<UniqueFd>(std::move(file));
    return std::make_unique<TarSource>(
        [kept] { return std::make_unique<DescriptorStream>(kept->get(), 0); });
}

}  // namespace

Result<std::unique_ptr<PackSource>> PackSource::open(Session& session, const std::string& operand,
                                                     const std::string& spool_directory) {
    QUIRE_TRY_ASSIGN(const assembly::Address address, assembly::Address::parse(operand));
    if (address.scheme() == assembly::Address::Scheme::standard)
        return open_standard_input(session.environment().input, spool_directory);
    QUIRE_TRY_ASSIGN(
        const assembly::Location place,
        session.assembler().locate(address, assembly::Access::read, assembly::Bare::host));
    const fs::Call call = session.call();
    auto node = place.tree->walk(call, place.path);
    if (!node) return fail(std::move(node).error().within(printable(operand)));
    switch ((*node)->type()) {
        case fs::FileType::directory:
            return std::make_unique<TreeSource>(place.tree, call, *node);
        case fs::FileType::regular: {
            QUIRE_TRY_ASSIGN(const auto file,
                             place.tree->open(call, *node, {.read = true, .write = false}));
            return std::make_unique<TarSource>(
                [file, call] { return std::make_unique<FileStream>(file, call); });
        }
        default:
            return fail(std::errc::invalid_argument,
                        printable(operand) + " is neither a directory nor an archive");
    }
}

}  // namespace quire::app

// SPDX-License-Identifier: MIT

// The machine's own filesystem, by system calls (the oracle) and through the host volume.

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <limits>

#include "ground.hpp"
#include "identity.hpp"
#include "quire/testing/temporary_directory.hpp"
#include "quire/volumes/host/host_volume.hpp"
#include "system_subject.hpp"

namespace quire::conformance {

namespace {

// What the machine lets us do is found out by doing it.
Traits probe(const std::string& top) {
    Traits traits;
    traits.ticks = false;
    traits.can_be_filled = false;
    traits.users = may_change_identity();
    const std::string path = top + "/probe";
    // Not of the number 0: that is a whiteout, which anybody may make.
    traits.devices = ::mknod(path.c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0;
    ::unlink(path.c_str());
    const int fd = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    traits.user_attributes = ::fsetxattr(fd, "user.probe", "1", 1, 0) == 0;
    traits.trusted_attributes = ::fsetxattr(fd, "trusted.probe", "1", 1, 0) == 0;
    traits.access_lists =
        ::fgetxattr(fd, "system.posix_acl_access", nullptr, 0) >= 0 || errno == ENODATA;
    traits.fallocate = ::fallocate(fd, 0, 0, 1) == 0;
    traits.keep_size = ::fallocate(fd, FALLOC_FL_KEEP_SIZE, 1 << 20, 1) == 0;
    traits.zero_range = ::fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 1) == 0;

    struct statfs found{};
    ::fstatfs(fd, &found);
    traits.hole = static_cast<std::uint64_t>(found.f_bsize);
    traits.earliest = 0;
    traits.latest = std::numeric_limits<std::int32_t>::max();
    if (found.f_type == EXT4_SUPER_MAGIC) {
        traits.largest_file = ((std::uint64_t{1} << 32U) - 1) * traits.hole;
        traits.attribute_limit = traits.hole;
        traits.earliest = -(std::int64_t{1} << 31U);
        traits.latest = (std::int64_t{1} << 34U) - (std::int64_t{1} << 31U) - 1;
    }
    ::close(fd);
    ::unlink(path.c_str());
    return traits;
}

const Traits& probed(const std::string& top) {
    static const Traits traits = probe(top);
    return traits;
}

std::shared_ptr<testing::TemporaryDirectory> make_top() {
    auto directory = std::make_shared<testing::TemporaryDirectory>();
    ::chmod(directory->path().c_str(), 0755);  // the mode of every other kind's top directory
    return directory;
}

class SystemGround final : public Ground {
public:
    SystemGround() : directory_(make_top()), umask_(::umask(0)) {
        traits_ = probed(directory_->path());
        traits_.keeps_dots = true;
        traits_.rooted_links = false;
        traits_.heeds_empty_mask = false;
    }
    ~SystemGround() override { ::umask(umask_); }

    const Traits& traits() const override { return traits_; }
    std::shared_ptr<Subject> subject() override {
        return make_system_subject(
            UniqueFd(::open(directory_->path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
    }
    Result<void> remount() override { return {}; }
    Result<void> finish() override { return {}; }

private:
    std::shared_ptr<testing::TemporaryDirectory> directory_;
    mode_t umask_;
    Traits traits_;
};

Result<std::unique_ptr<Ground>> make_system() {
    return std::make_unique<SystemGround>();
}

Result<std::unique_ptr<Ground>> make_host() {
    const auto directory = make_top();
    Traits traits = probed(directory->path());
    // It gives the host's new file its owner and permissions, one after the other.
    traits.makes_at_once = false;
    return TreeGround::make(
        [directory]() -> Result<std::shared_ptr<fs::Volume>> {
            return host::HostVolume::open(directory->path().string());
        },
        [directory]() -> Result<void> { return {}; }, traits);
}

}  // namespace

std::vector<Kind> machine_kinds() {
    return {{"host", make_host}, {"system", make_system}};
}

}  // namespace quire::conformance

// SPDX-License-Identifier: MIT

// The verdict is e2fsck's: there is no second opinion worth as much. It opens files and nothing
// else, so what lies in another image or is served is copied aside, holes left out; so is an image whose journal
// has to be replayed, since e2fsck judges what it looks at without changing it as if there were
// no journal.

#include <fmt/core.h>

#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "output/json.hpp"
#include "quire/assembly/contents.hpp"
#include "quire/base/name.hpp"
#include "quire/block/file_device.hpp"
#include "quire/block/region_device.hpp"
#include "verify/e2fsck.hpp"
#include "verify/own_check.hpp"

namespace quire::app {

namespace {

// The host file that a device is bytes of.
struct OnHost {
    const block::FileDevice* file = nullptr;  // nothing for what lies in another image
    std::uint64_t offset = 0;
};

OnHost host_file_of(const block::Device& device) {
    OnHost result;
    const block::Device* one = &device;
    while (const auto* region = dynamic_cast<const block::RegionDevice*>(one)) {
        result.offset += region->window().offset;
        one = region->base().get();
    }
    result.file = dynamic_cast<const block::FileDevice*>(one);
    return result;
}

struct Verdict {
    int code = 0;
    bool by_e2fsck = true;
    std::vector<std::string> problems;
    std::vector<std::string> lines;  // all that was said
    std::string usage;

    std::string_view word() const {
        if ((code & fsck_errors_left) != 0) return "damaged";
        if ((code & fsck_failed) != 0) return "unknown";
        return code == 0 ? "clean" : "repaired";
    }
};

class Check final : public Command {
public:
    void declare(Options& options) override {
        options
            .operands("ADDRESS", addresses_, 1,
                      "an image, a partition of one, or an image inside an image")
            .flag("--repair", repair_, "repair what can be repaired, with yes to every question");
    }

    Result<void> run(Session& session) override {
        session_ = &session;
        e2fsck_ = E2fsck::find(session.environment());
        int code = 0;
        for (const std::string& address : addresses_) {
            auto verdict = judge(address);
            if (verdict) {
                tell(address, *verdict);
                code |= verdict->code;
            } else {
                session.report(verdict.error());
                code |= fsck_failed;
            }
        }
        if (auto written = session.out().flush(); !written) {
            session.report(written.error());
            code |= fsck_failed;
        }
        session.set_exit_code(code);
        return {};
    }

private:
    // What is looked at, and how it was found.
    struct Subject {
        assembly::Address address;
        std::shared_ptr<block::Device> device;
        assembly::Contents contents;
        /// Why it could not be told what is there.
        std::optional<Error> obscure;
    };

    Result<Verdict> judge(const std::string& text) {
        QUIRE_TRY_ASSIGN(const assembly::Address address, assembly::Address::parse(text));
        // Opened apart, so that what turns out to be repairable can be opened again for writing.
        assembly::Assembler reading(session_->environment());
        QUIRE_TRY_ASSIGN(Subject subject, find(reading, address, assembly::Access::read));
        const OnHost on_host = host_file_of(*subject.device);
        obscure_ = subject.obscure;
        unknown_ = !obscure_ && !subject.contents.ext;
        if (!e2fsck_) return without_e2fsck(subject);
        if (!repair_) return look(subject, on_host);
        if (on_host.file == nullptr && is_served(address))
            return fail(std::errc::operation_not_supported,
                        fmt::format("{} is being served, where e2fsck can't reach it; end the "
                                    "server and repair the image itself",
                                    printable(text)));
        if (on_host.file == nullptr)
            return fail(std::errc::operation_not_supported,
                        fmt::format("{0} lies in another image, where e2fsck can't reach it; take "
                                    "it out with 'quire cat', repair that file and put it back "
                                    "with 'quire cp'",
                                    printable(text)));
        QUIRE_TRY(refuse_repair_beyond(subject, on_host));
        const assembly::Address exact = subject.address;
        subject.device.reset();
        QUIRE_TRY(reading.finish());
        QUIRE_TRY_ASSIGN(const auto device,
                         session_->assembler().device(exact, assembly::Access::write));
        const OnHost writable = host_file_of(*device);
        if (writable.file == nullptr) return fail(std::errc::io_error, printable(text));
        QUIRE_TRY_ASSIGN(const UniqueFd fd, writable.file->descriptor());
        return ask(E2fsck::Task::repair, fd.get(), writable.offset, exact.text());
    }

    // e2fsck knows where a partition begins, not where it ends: that must be in the superblock.
    static Result<void> refuse_repair_beyond(const Subject& subject, const OnHost& on_host) {
        const std::uint64_t end = on_host.offset + subject.device->geometry().size;
        if (subject.contents.ext || end >= on_host.file->geometry().size) return {};
        return fail(std::errc::operation_not_supported,
                    fmt::format("{} has no superblock that says how far a repair may go; copy its "
                                "bytes to a file and repair that",
                                printable(subject.address.text())));
    }

    // The device of an address; on a disk, its only partition with an ext filesystem.
    static Result<Subject> find(assembly::Assembler& assembler, const assembly::Address& address,
                                assembly::Access access) {
        const std::string name = printable(address.text());
        QUIRE_TRY_ASSIGN(auto device, assembler.device(address, access));
        if (device->geometry().size == 0)
            return fail(std::errc::invalid_argument,
                        name + " is empty, so there is no filesystem to check");
        auto contents = assembly::inspect(*device);
        // A superblock without sense has backups, which are e2fsck's to find.
        if (!contents) return Subject{address, std::move(device), {}, contents.error()};
        if (!contents->foreign.empty())
            return fail(std::errc::invalid_argument,
                        fmt::format("{} is {}; only ext filesystems can be checked", name,
                                    contents->foreign));
        if (!contents->table || (contents->ext && address_is_exact(address)))
            return Subject{address, std::move(device), *std::move(contents), {}};
        QUIRE_TRY_ASSIGN(const assembly::Address chosen, choose(address, device, *contents));
        return find(assembler, chosen, access);
    }

    static bool is_served(const assembly::Address& address) {
        return address.scheme() == assembly::Address::Scheme::socket && address.steps().empty();
    }

    static bool address_is_exact(const assembly::Address& address) {
        const auto& slice =
            address.steps().empty() ? address.slice() : address.steps().back().slice;
        return !slice.whole();
    }

    static Result<assembly::Address> choose(const assembly::Address& address,
                                            const std::shared_ptr<block::Device>& device,
                                            const assembly::Contents& contents) {
        std::vector<std::string> choices;
        if (contents.ext) choices.push_back(address.text() + "@@0");
        for (const partition::Entry& entry : contents.table->entries) {
            if (entry.container || !entry.problem.empty()) continue;
            QUIRE_TRY_ASSIGN(const auto region, block::RegionDevice::open(device, entry.range));
            const auto inside = assembly::inspect(*region);
            if (!inside || inside->ext)
                choices.push_back(fmt::format("{}@p{}", address.text(), entry.number));
        }
        const std::string name = printable(address.text());
        if (choices.empty())
            return fail(std::errc::invalid_argument,
                        name + " has partitions, but none with an ext filesystem");
        if (choices.size() == 1) return assembly::Address::parse(choices.front());
        constexpr std::size_t most = 16;
        std::string list;
        for (std::size_t i = 0; i < choices.size() && i < most; ++i)
            list += (i == 0 ? "" : ", ") + printable(choices[i]);
        if (choices.size() > most) list += fmt::format(" and {} more", choices.size() - most);
        return fail(std::errc::invalid_argument,
                    fmt::format("{} has several filesystems; choose one of {}", name, list));
    }

    Result<Verdict> look(const Subject& subject, const OnHost& on_host) {
        const std::string name = printable(subject.address.text());
        const bool replay = subject.contents.ext && subject.contents.ext->needs_recovery;
        if (on_host.file != nullptr && !replay) {
            QUIRE_TRY_ASSIGN(const UniqueFd fd, on_host.file->descriptor());
            return ask(E2fsck::Task::look, fd.get(), on_host.offset, subject.address.text());
        }
        auto copy = copy_aside(*subject.device, session_->environment());
        if (!copy) return fail(std::move(copy).error().within(name));
        if (replay) {
            QUIRE_TRY(e2fsck_->run(E2fsck::Task::replay, copy->get(), 0, name));
            session_->note(name + ": a copy is checked, in which the journal has been replayed");
        } else {
            session_->note(name +
                           (is_served(subject.address)
                                ? ": a copy is checked, since e2fsck can't ask servers"
                                : ": a copy is checked, since e2fsck can't reach into images"));
        }
        return ask(E2fsck::Task::look, copy->get(), 0, subject.address.text());
    }

    Result<Verdict> ask(E2fsck::Task task, int fd, std::uint64_t offset, const std::string& text) {
        const std::string name = printable(text);
        QUIRE_TRY_ASSIGN(FsckReport report, e2fsck_->run(task, fd, offset, name));
        // Whoever gave up before looking at the whole has no verdict.
        if (obscure_ && (report.code & fsck_failed) != 0)
            return std::unexpected(Error(*obscure_).within(name));
        if ((report.code & ~fsck_repaired) == fsck_failed) {
            if (unknown_)
                return fail(std::errc::invalid_argument,
                            name +
                                " has no ext filesystem: there is neither a superblock nor a "
                                "backup of one");
            return fail(std::errc::invalid_argument,
                        fmt::format("{}: e2fsck gave up: {}", name, report.last_words()));
        }
        return Verdict{report.code, true, report.problems(), report.lines, report.usage()};
    }

    Result<Verdict> without_e2fsck(const Subject& subject) {
        const std::string name = printable(subject.address.text());
        if (unknown_) return fail(std::errc::invalid_argument, name + " has no ext filesystem");
        constexpr std::string_view missing = "e2fsck is not installed (Debian: e2fsprogs)";
        if (repair_)
            return fail(std::errc::operation_not_supported,
                        fmt::format("{} can't be repaired: {}", name, missing));
        auto found = find_damage(subject.device, *session_);
        if (!found) return fail(std::move(found).error().within(name));
        if (found->empty())
            return fail(std::errc::operation_not_supported,
                        fmt::format("{}: {}, so this was no full check; all that its tree leads "
                                    "to can be read",
                                    name, missing));
        return Verdict{fsck_errors_left, false, *found, *found, {}};
    }

    void tell(const std::string& text, const Verdict& verdict) {
        Output& out = session_->out();
        if (session_->manner().json) {
            out.print("{}\n", Json::line("check")
                                  .add("address", text)
                                  .add("verdict", verdict.word())
                                  .add("exit_code", verdict.code)
                                  .add("checked_by", verdict.by_e2fsck ? "e2fsck" : "quire")
                                  .add("problems", verdict.problems)
                                  .text());
            return;
        }
        const std::string name = session_->shown(text);
        const auto& lines = session_->manner().verbose ? verdict.lines : verdict.problems;
        for (const std::string& line : lines) out.print("{}: {}\n", name, line);
        const std::string_view comma = verdict.usage.empty() ? "" : ", ";
        if ((verdict.code & fsck_errors_left) != 0)
            out.print("{}: damaged{}\n", name,
                      repair_             ? ", errors are left"
                      : verdict.by_e2fsck ? "; 'quire check --repair' may help"
                                          : "; e2fsck, which is not installed, would know more");
        else
            out.print("{}: {}{}{}\n", name, verdict.word(), comma, verdict.usage);
    }

    Session* session_ = nullptr;
    std::optional<E2fsck> e2fsck_;
    std::vector<std::string> addresses_;
    bool repair_ = false;
    /// Of the device at hand.
    std::optional<Error> obscure_;
    bool unknown_ = false;  // nothing on the device at hand looks like an ext filesystem
};

}  // namespace

const Verb verb_check = {
    .name = "check",
    .summary = "tell whether a filesystem is sound, by e2fsck's verdict",
    .examples =
        "quire check disk.img\n"
        "quire check disk.img@p1 disk.img@p2     # partitions\n"
        "quire check main.img:/fs/inner.img      # an image inside an image\n"
        "quire check socket:disk                 # what is served there, meanwhile\n"
        "quire check --repair disk.img\n",
    .common = {.json = true, .progress = true},
    .make = make_command<Check>,
};

}  // namespace quire::app

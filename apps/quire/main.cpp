// SPDX-License-Identifier: MIT
//
// The command `quire`. Its verbs are in verbs.def, one file each in the folders look/, change/,
// pack/ and verify/; what they share is in frame/.

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "frame/program.hpp"

namespace {

using quire::assembly::Environment;

// https://reproducible-builds.org/specs/source-date-epoch/: whoever sets it wants that time, so
// what is no number must not mean "now".
bool read_source_date_epoch(Environment& environment) {
    const char* text =
        std::getenv("SOURCE_DATE_EPOCH");  // NOLINT(concurrency-mt-unsafe): no threads yet
    if (text == nullptr || *text == '\0') return true;
    const std::string_view digits = text;
    quire::Time time;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), time.seconds);
    if (error != std::errc{} || end != digits.data() + digits.size()) return false;
    environment.clock = std::make_shared<quire::FixedClock>(time);
    environment.source_date = time;
    return true;
}

Environment environment_of_process() {
    Environment environment;
    const mode_t mask = ::umask(0);
    ::umask(mask);
    environment.umask = static_cast<std::uint16_t>(mask & 0777);
    // NOLINTBEGIN(concurrency-mt-unsafe): no threads yet
    if (const char* path = std::getenv("PATH")) environment.program_path = path;
    if (const char* directory = std::getenv("TMPDIR"); directory != nullptr && *directory != '\0')
        environment.temporary_directory = directory;
    if (const char* directory = std::getenv("XDG_RUNTIME_DIR");
        directory != nullptr && *directory != '\0')
        environment.runtime_directory = directory;
    else if (::geteuid() == 0)
        environment.runtime_directory = "/run";
    // NOLINTEND(concurrency-mt-unsafe)
    environment.input_is_terminal = ::isatty(environment.input) == 1;
    environment.output_is_terminal = ::isatty(environment.output) == 1;
    environment.errors_is_terminal = ::isatty(environment.errors) == 1;
    winsize size{};
    if ((::ioctl(environment.output, TIOCGWINSZ, &size) == 0 ||
         ::ioctl(environment.errors, TIOCGWINSZ, &size) == 0) &&
        size.ws_col > 0)
        environment.columns = size.ws_col;
    return environment;
}

// Whoever started the program may have closed its standard streams. The next file opened would take
// such a number, and what is printed would go into an image.
void fill_standard_streams() {
    int fd = 0;
    do {
        fd = ::open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= 2);
    if (fd > 2) ::close(fd);
}

}  // namespace

int main(int argc, char** argv) {
    fill_standard_streams();
    // A reader that goes away must not kill a verb that has changes to commit.
    const auto inherited = std::signal(SIGPIPE, SIG_IGN);
    Environment environment = environment_of_process();
    if (!read_source_date_epoch(environment)) {
        std::fputs("quire: SOURCE_DATE_EPOCH is not a number of seconds; unset it or correct it\n",
                   stderr);
        return 2;
    }
    const quire::app::Ending ending =
        quire::app::run_program({argv + (argc > 0), argv + argc}, std::move(environment));
    if (ending.reader_gone && inherited == SIG_DFL) {
        // Now the program may end as pipes expect it to.
        std::signal(SIGPIPE, SIG_DFL);
        std::raise(SIGPIPE);
    }
    return ending.exit_code;
}

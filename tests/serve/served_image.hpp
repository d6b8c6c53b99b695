// SPDX-License-Identifier: MIT

#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "quire/testing/temporary_directory.hpp"

namespace quire::tests {

/// An image in a directory of its own, and `quire serve` on it.
class ServedImage {
public:
    /// Makes it with `quire create` of a directory, `tree()`, that the caller has filled.
    void create(const std::vector<std::string>& options = {});

    const std::string& tree() const { return tree_; }
    const std::string& image() const { return image_; }
    const std::string& socket() const { return socket_; }
    /// A path in the served image, as an address.
    std::string inside(const std::string& path) const { return "socket:" + socket_ + ":" + path; }

    ServedImage();
    ~ServedImage();
    ServedImage(const ServedImage&) = delete;
    ServedImage& operator=(const ServedImage&) = delete;

    /// Serves; clients can come when it returns. Says why not, or nothing. `by`: a program with its
    /// arguments that runs the command.
    std::string serve(const std::vector<std::string>& options = {},
                      const std::vector<std::string>& by = {});
    /// Ends the server; everything is committed when it returns.
    void stop();
    /// kill -9 of the process that has the image; returns when it is gone.
    void kill();
    /// The process that has the image.
    pid_t server() const;

private:
    testing::TemporaryDirectory directory_;
    const std::string tree_ = directory_ / "tree";
    const std::string image_ = directory_ / "image";
    const std::string socket_ = directory_ / "socket";
};

/// `quire` with these words.
std::vector<std::string> quire_words(std::vector<std::string> words);

}  // namespace quire::tests

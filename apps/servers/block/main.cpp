// SPDX-License-Identifier: MIT
//
// quire-block: the bytes at an address (a host file, a partition, a file in an image), served.

#include "run.hpp"

int main(int argc, char** argv) {
    return quire::servers::run(quire::assembly::ServeRequest::Form::device,
                               "Serves the bytes of a device at a socket, from a confined process.",
                               argc, argv);
}

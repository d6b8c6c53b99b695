// SPDX-License-Identifier: MIT
//
// quire-ext: the ext2, ext3 or ext4 filesystem at an address, or a directory in it, served.

#include "run.hpp"

int main(int argc, char** argv) {
    return quire::servers::run(quire::assembly::ServeRequest::Form::filesystem,
                               "Serves a filesystem at a socket, from a confined process.", argc,
                               argv);
}

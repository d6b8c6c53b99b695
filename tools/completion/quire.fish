# SPDX-License-Identifier: MIT
#
# fish completion of quire, inside images too. Put it into ~/.config/fish/completions.

complete -c quire -f -a '(quire __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'

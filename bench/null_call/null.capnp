# SPDX-License-Identifier: MIT
@0xb3a1f0c27d5e9461;

interface Null {
  nothing @0 () -> ();
}

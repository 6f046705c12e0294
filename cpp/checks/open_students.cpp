// SPDX-License-Identifier: MIT
// open_students FILE...
//
// Opens model files for the kernels. Prints one line per file: what it says about its student, or
// why it is refused.
#include <iostream>
#include <string>

#include "ipip/error.hpp"
#include "ipip/student.hpp"

int main(int argc, char** argv) {
  std::cout.precision(17);
  for (int k = 1; k < argc; ++k) {
    try {
      const ipip::Student student(argv[k]);
      const ipip::StudentInfo& info = student.info();
      std::cout << info.architecture << ' ' << info.cutoff << ' ' << info.layers << ' '
                << info.dtype << ' ' << info.weights_digest << '\n';
    } catch (const ipip::Error& error) {
      std::cout << error.what() << '\n';
    }
  }
  return 0;
}

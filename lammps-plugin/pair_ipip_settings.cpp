// SPDX-License-Identifier: GPL-2.0-or-later
// The keywords of `pair_style ipip`.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "error.h"
#include "ipip/backends.hpp"
#include "ipip/device.hpp"
#include "ipip/error.hpp"
#include "pair_ipip.h"
#include "utils.h"

using namespace LAMMPS_NS;

void PairIpip::settings(int narg, char** arg) {
  if (allocated) forget_student();
  options_ = ipip::RunOptions();
  bias_ = 0.0;
  device_ = "auto";
  share_ = false;
  gpu_aware_ = "auto";
  plan_ = true;
  check_ = false;
  const auto expect = [&](const std::string& keyword, const std::string& value,
                          const std::string& first, const std::string& second) {
    if (value == first || value == second) return value == first;
    error->all(FLERR, "pair_style ipip: {} is {}, expected {} or {}", keyword, value, first,
               second);
  };
  for (int k = 0; k < narg; k += 2) {
    const std::string keyword = arg[k];
    const std::vector<std::string> known = {"backend",   "bias", "bias_width", "check",  "device",
                                            "gpu_aware", "halo", "share",      "threads"};
    if (std::find(known.begin(), known.end(), keyword) == known.end()) {
      error->all(FLERR,
                 "pair_style ipip: keyword {} is unknown, expected backend, bias, "
                 "bias_width, check, device, gpu_aware, halo, share or threads",
                 keyword);
    }
    if (k + 1 >= narg) error->all(FLERR, "pair_style ipip: keyword {} has no value", keyword);
    const std::string value = arg[k + 1];
    if (keyword == "backend") {
      try {
        options_.backend = ipip::backend_name(value);
      } catch (const ipip::Error& wrong) {
        error->all(FLERR, "pair_style ipip: {}", wrong.what());
      }
    } else if (keyword == "bias" || keyword == "bias_width") {
      // LAMMPS' reader of numbers stops at other text; the student checks bounds.
      const double number = utils::numeric(FLERR, value, false, lmp);
      (keyword == "bias" ? bias_ : options_.bias.width) = number;
    } else if (keyword == "check") {
      check_ = expect(keyword, value, "yes", "no");
    } else if (keyword == "device") {
      if (!ipip::is_device_request(value)) {
        error->all(FLERR,
                   "pair_style ipip: device is {}, expected auto, cpu, cuda, cuda:N or emulate",
                   value);
      }
      device_ = value;
    } else if (keyword == "gpu_aware") {
      if (value != "auto") expect(keyword, value, "yes", "no");
      gpu_aware_ = value;
    } else if (keyword == "halo") {
      plan_ = expect(keyword, value, "plan", "comm");
    } else if (keyword == "share") {
      share_ = expect(keyword, value, "yes", "no");
    } else if (!utils::is_integer(value) || (options_.threads = std::atoi(value.c_str())) < 1) {
      error->all(FLERR, "pair_style ipip: threads is {}, expected a whole number, 1 or more",
                 value);
    }
  }
}

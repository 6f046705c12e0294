// SPDX-License-Identifier: MIT
#include "ipip/device.hpp"

#include <cctype>

#include "ipip/error.hpp"

namespace ipip {
namespace {

constexpr const char* kCuda = "cuda";
constexpr const char* kEmulate = "emulate";
constexpr const char* kNumbered = "cuda:";
constexpr std::size_t kDigits = 4;  // of a GPU's number: fits an int

bool is_numbered(const std::string& text) {
  const std::string prefix = kNumbered;
  if (text.compare(0, prefix.size(), prefix) != 0) return false;
  const std::string digits = text.substr(prefix.size());
  if (digits.empty() || digits.size() > kDigits) return false;
  for (const char c : digits) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) return false;
  }
  return true;
}

std::string count(int n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

void require_gpu(const std::string& request, const Gpus& gpus) {
  if (!gpus.why_never.empty()) throw Error("device is " + request + ", but " + gpus.why_never);
  if (gpus.visible < 1) {
    throw Error("device is " + request +
                ", but no GPU is visible here: look at `nvidia-smi` and CUDA_VISIBLE_DEVICES, or "
                "use device cpu");
  }
}

}  // namespace

bool is_device_request(const std::string& text) {
  return text == "auto" || text == "cpu" || text == kCuda || text == kEmulate || is_numbered(text);
}

std::string place_rank(const std::string& request, const NodePlace& place, const Gpus& gpus) {
  if (!is_device_request(request)) {
    throw Error("device is " + request + ", expected auto, cpu, cuda, cuda:N or emulate");
  }
  if (request == kEmulate) return kEmulate;
  if (request == "cpu" || (request == "auto" && gpus.visible < 1)) return "cpu";
  require_gpu(request, gpus);
  int first = 0, usable = gpus.visible;
  if (is_numbered(request)) {
    first = std::stoi(request.substr(std::string(kNumbered).size()));
    usable = 1;
    if (first >= gpus.visible) {
      throw Error("device is " + request + ", but " + count(gpus.visible, "GPU") +
                  " are visible here, numbered from 0: use a smaller number, or device cuda");
    }
  }
  if (place.ranks > usable && !place.share) {
    throw Error(count(place.ranks, "rank") + " on a node would share " + count(usable, "GPU") +
                ": start at most " + count(usable, "rank") +
                " on each node, or allow it with `share yes` (also where each rank sees a "
                "different GPU), or use device cpu");
  }
  return kNumbered + std::to_string(first + place.rank % usable);
}

}  // namespace ipip

// SPDX-License-Identifier: MIT
#include "torch_part.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "ipip/error.hpp"
#include "ipip/version.hpp"
#include "part_file.hpp"

namespace ipip {
namespace {

constexpr const char* kLibtorch = "libtorch_cpu.so";  // every build has it, one for GPUs too
constexpr std::string_view kPrefix = "libipip_torch-";
constexpr std::string_view kSuffix = ".so";

constexpr const char* kFunction = IPIP_TEXT(IPIP_TORCH_PART);

using Minor = std::array<unsigned, 2>;  // 2.13

std::string text_of(const Minor& version) {
  return std::to_string(version[0]) + "." + std::to_string(version[1]);
}

std::string file_of(const Minor& version) {
  return std::string(kPrefix) + text_of(version) + std::string(kSuffix);
}

// Version in a part's file name; none for other files.
std::optional<Minor> version_of(const std::string& file) {
  Minor version{};
  const char* at = file.data() + std::min(kPrefix.size(), file.size());
  const char* const end = file.data() + file.size();
  at = std::from_chars(at, end, version[0]).ptr;
  if (at != end) at = std::from_chars(at + 1, end, version[1]).ptr;
  if (file != file_of(version)) return std::nullopt;
  return version;
}

std::vector<Minor> parts() {
  std::vector<Minor> found;
  std::error_code ignored;  // a folder that cannot be read has no parts
  for (std::filesystem::directory_iterator at(folder_of_libipip(), ignored), end;
       !ignored && at != end; at.increment(ignored)) {
    if (const auto version = version_of(at->path().filename().string())) found.push_back(*version);
  }
  std::sort(found.begin(), found.end());
  return found;
}

// "torch 2.13", "torch 2.13 or 2.14"
std::string any_of(const std::vector<Minor>& versions) {
  std::string text = "torch ";
  for (std::size_t k = 0; k < versions.size(); ++k) {
    if (k > 0) text += k + 1 == versions.size() ? " or " : ", ";
    text += text_of(versions[k]);
  }
  return text;
}

// Three numbers of the libtorch of this process. The name alone finds one that is already loaded,
// as torch in Python loads it; else the linker searches where it searches for libipip's libraries.
const std::array<unsigned, 3>& libtorch() {
  static const std::array<unsigned, 3> version = [] {
    const LoadedFunction function = load_function(kLibtorch, "aoti_torch_abi_version");
    if (function.address == nullptr) {
      throw Error("libtorch cannot be used: install " + any_of(parts()) + " beside ipip (" +
                  function.reason + ")");
    }
    // One byte each from the top: major, minor, patch (TORCH_ABI_VERSION of torch/version.h).
    const std::uint64_t packed = reinterpret_cast<std::uint64_t (*)()>(function.address)();
    const auto byte = [packed](int shift) {
      return static_cast<unsigned>(packed >> shift) & 0xffU;
    };
    return std::array<unsigned, 3>{byte(56), byte(48), byte(40)};
  }();
  return version;
}

const TorchPart* load() {
  const std::vector<Minor> built = parts();
  if (built.empty()) {
    throw Error(
        "libtorch cannot be used: this ipip was built without it; rebuild ipip with `pip install . "
        "--no-build-isolation` where torch is installed");
  }
  const Minor minor{libtorch()[0], libtorch()[1]};
  if (std::find(built.begin(), built.end(), minor) == built.end()) {
    throw Error("libtorch " + torch_version() + " is loaded, but ipip was built for " +
                any_of(built) + ": install " + any_of(built) +
                ", or rebuild ipip with `pip install . --no-build-isolation` where torch " +
                torch_version() + " is installed");
  }
  const LoadedFunction function =
      load_function(folder_of_libipip() + "/" + file_of(minor), kFunction);
  if (function.address == nullptr) {
    throw Error("ipip's part for torch " + text_of(minor) + " cannot be loaded with libtorch " +
                torch_version() + ": install ipip again (" + function.reason + ")");
  }
  return reinterpret_cast<TorchPartFunction*>(function.address)();
}

}  // namespace

std::vector<std::string> torch_parts() {
  std::vector<std::string> found;
  for (const Minor& version : parts()) found.push_back(text_of(version));
  return found;
}

std::string torch_version() {
  const auto& [major, minor, patch] = libtorch();
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

const TorchPart& torch_part() {
  static const TorchPart* const part = load();
  return *part;
}

void require_torch_part() {
  torch_part();
}

}  // namespace ipip

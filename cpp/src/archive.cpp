// SPDX-License-Identifier: MIT
// Reads the metadata block of a TorchScript archive, and says what is wrong with the file if not.
#include "archive.hpp"

#include <c10/util/Exception.h>
#include <caffe2/serialize/inline_container.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>

#include "ipip/error.hpp"

namespace ipip {
namespace {

constexpr const char* kRecord = "extra/ipip.json";

// Every zip archive starts with the bytes "PK\3\4".
bool starts_like_an_archive(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw Error(path + ": cannot be opened (" + std::strerror(errno) +
                "); give the path of a student file (.pt)");
  }
  std::array<char, 4> head{};
  file.read(head.data(), head.size());
  return file.gcount() == 4 && std::string_view(head.data(), 4) == "PK\x03\x04";
}

}  // namespace

std::string short_reason(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  std::istringstream lines(torch_error != nullptr ? torch_error->what_without_backtrace()
                                                  : error.what());
  // The interpreter puts a heading and a trace before the reason: then the last line tells most.
  std::string first, last, line;
  while (std::getline(lines, line)) {
    if (line.find_first_not_of(" \t") == std::string::npos) continue;
    if (first.empty()) first = line;
    last = line;
  }
  return first.find("TorchScript interpreter") != std::string::npos ? last : first;
}

std::string read_metadata_text(const std::string& path) {
  std::error_code status;
  if (!std::filesystem::exists(path, status)) {
    throw Error(path + ": there is no such file; give the path of a student file (.pt)");
  }
  if (std::filesystem::is_directory(path, status)) {
    throw Error(path + ": this is a folder; give the path of a student file (.pt)");
  }
  if (!starts_like_an_archive(path)) {
    throw Error(path + ": this is not a TorchScript file; give a student written by `ipip export`");
  }
  try {
    caffe2::serialize::PyTorchStreamReader reader(path);
    if (reader.hasRecord(kRecord)) {
      const auto [data, size] = reader.getRecord(kRecord);
      return {static_cast<const char*>(data.get()), size};
    }
    const bool scripted = reader.hasRecord("constants.pkl");
    const std::string what = scripted ? "a TorchScript file but not a student (it has no ipip.json)"
                                      : "an archive but not TorchScript (a training checkpoint?)";
    throw Error(path + ": this is " + what + "; give a student written by `ipip export`");
  } catch (const Error&) {
    throw;
  } catch (const std::exception&) {
    throw Error(path + ": the file is damaged or cut off (" +
                std::to_string(std::filesystem::file_size(path, status)) +
                " bytes); copy it again or export the student again");
  }
}

}  // namespace ipip

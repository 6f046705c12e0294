// SPDX-License-Identifier: MIT
// The directory of a zip archive, and the bytes of its records as they lie in the file.
//
// Nothing is ever inflated, and no number is used before it was compared with the file's size:
// memory is bounded by the file, and by `most` where a record is read.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ipip {

/// A record, as the archive's directory states it.
struct ZipEntry {
  std::string name;               ///< without the archive's folder: "extra/ipip.json"
  std::uint16_t method = 0;       ///< 0: stored without compression
  std::uint32_t crc = 0;          ///< CRC-32 of the record
  std::uint64_t size = 0;         ///< bytes of the record
  std::uint64_t stored_size = 0;  ///< bytes in the file
  std::uint64_t header = 0;       ///< place of its header in the file
  std::uint64_t begin = 0;        ///< place of its first byte in the file
};

class ZipEntries {
 public:
  /// Reads the directory of the file `path`.
  /// @throws ipip::Error  there is no such file, it is not an archive, or it is damaged or cut off
  explicit ZipEntries(const std::string& path);

  /// The same for bytes in memory; `path` names them in messages.
  ZipEntries(std::unique_ptr<std::istream> bytes, std::string path);

  const std::vector<ZipEntry>& all() const { return entries_; }
  const ZipEntry* find(std::string_view name) const;

  /// Bytes of a record stored without compression, after comparing its CRC-32.
  /// @throws ipip::Error  it is compressed, longer than `most` or damaged
  std::string read(const ZipEntry& entry, std::uint64_t most) const;

  /// Passes on a record as it lies in the file, compressed or not, piece by piece.
  void each_piece(const ZipEntry& entry, const std::function<void(std::string_view)>& take) const;

  /// "PATH: what; copy it again or export the student again".
  [[noreturn]] void refuse(const std::string& what) const;

 private:
  void open();
  std::string bytes_at(std::uint64_t begin, std::uint64_t size) const;
  void read_directory();
  ZipEntry read_entry(std::string_view& rest) const;
  void find_data(ZipEntry& entry, const std::string& folder) const;
  [[noreturn]] void damaged() const;

  std::string path_;
  std::unique_ptr<std::istream> file_;
  std::uint64_t file_size_ = 0;
  std::uint64_t directory_begin_ = 0;
  std::vector<ZipEntry> entries_;  // by name
};

}  // namespace ipip

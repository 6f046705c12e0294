// SPDX-License-Identifier: MIT
// Zip as in PKWARE's APPNOTE 6.3, sections 4.3 and 4.5: the end record is the file's last bytes,
// the directory lies right before it (and before the two records of zip64), records before that.
#include "zip_entries.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <system_error>
#include <utility>

#include "ipip/error.hpp"

namespace ipip {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50, kDirectoryEntry = 0x02014b50, kEnd = 0x06054b50,
                        kEnd64 = 0x06064b50, kLocator64 = 0x07064b50;
constexpr std::uint64_t kLocalHeaderSize = 30, kDirectoryEntrySize = 46, kEndSize = 22,
                        kEnd64Size = 56, kLocator64Size = 20;
constexpr std::uint16_t kExtra64 = 0x0001, kEncrypted = 0x0001;
constexpr std::uint64_t kIn64 = 0xFFFFFFFF;           // the number is in the extra field of zip64
constexpr std::uint64_t kMostDirectory = 16U << 20U;  // bytes; a student has some 10 KB
constexpr std::uint64_t kPiece = 1U << 16U;

std::string shown(const std::string& name) {
  return name.substr(0, 60);
}

// A little-endian number of `n` bytes at `at`, which the caller has checked to exist.
std::uint64_t number(std::string_view bytes, std::size_t at, int n) {
  std::uint64_t value = 0;
  for (int k = n; k-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[at + k]);
  return value;
}

std::uint32_t crc32(std::string_view bytes) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> out{};
    for (std::uint32_t k = 0; k < out.size(); ++k) {
      std::uint32_t value = k;
      for (int bit = 0; bit < 8; ++bit) value = value >> 1U ^ (value & 1U ? 0xEDB88320U : 0U);
      out[k] = value;
    }
    return out;
  }();
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) crc = crc >> 8U ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xFFU];
  return ~crc;
}

}  // namespace

ZipEntries::ZipEntries(const std::string& path) : path_(path) {
  std::error_code status;
  const std::filesystem::file_status found = std::filesystem::status(path, status);
  if (!std::filesystem::exists(found)) {
    throw Error(path + ": there is no such file; give the path of a student file (.pt)");
  }
  if (std::filesystem::is_directory(found)) {
    throw Error(path + ": this is a folder; give the path of a student file (.pt)");
  }
  if (!std::filesystem::is_regular_file(found)) {  // a pipe would let us wait
    throw Error(path + ": this is not a regular file; give the path of a student file (.pt)");
  }
  file_ = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*file_) {
    throw Error(path + ": cannot be opened (" + std::strerror(errno) +
                "); give the path of a student file (.pt)");
  }
  open();
}

ZipEntries::ZipEntries(std::unique_ptr<std::istream> bytes, std::string path)
    : path_(std::move(path)), file_(std::move(bytes)) {
  open();
}

void ZipEntries::open() {
  file_->seekg(0, std::ios::end);
  const std::streamoff size = file_->tellg();
  if (!*file_ || size < 0) refuse("the file cannot be read");
  file_size_ = static_cast<std::uint64_t>(size);
  constexpr std::uint64_t magic = 4;
  if (file_size_ < magic || number(bytes_at(0, magic), 0, magic) != kLocalHeader) {
    throw Error(path_ +
                ": this is not a TorchScript file; give a student written by `ipip export`");
  }
  read_directory();
}

void ZipEntries::refuse(const std::string& what) const {
  throw Error(path_ + ": " + what + "; copy it again or export the student again");
}

void ZipEntries::damaged() const {
  refuse("the file is damaged or cut off (" + std::to_string(file_size_) + " bytes)");
}

std::string ZipEntries::bytes_at(std::uint64_t begin, std::uint64_t size) const {
  if (begin > file_size_ || size > file_size_ - begin) damaged();
  std::string out(static_cast<std::size_t>(size), '\0');
  file_->clear();
  file_->seekg(static_cast<std::streamoff>(begin));
  file_->read(out.data(), static_cast<std::streamsize>(size));
  if (!*file_ || static_cast<std::uint64_t>(file_->gcount()) != size) damaged();
  return out;
}

void ZipEntries::read_directory() {
  if (file_size_ < kEndSize) damaged();
  std::uint64_t end = file_size_ - kEndSize;  // of the directory
  const std::string last = bytes_at(end, kEndSize);
  std::uint64_t count = number(last, 10, 2), size = number(last, 12, 4),
                begin = number(last, 16, 4);
  if (number(last, 0, 4) != kEnd || number(last, 4, 4) != 0 || number(last, 20, 2) != 0) damaged();
  if (end >= kLocator64Size) {
    const std::string locator = bytes_at(end - kLocator64Size, kLocator64Size);
    if (number(locator, 0, 4) == kLocator64) {
      const std::uint64_t place = number(locator, 8, 8);
      end -= kLocator64Size;
      if (end < kEnd64Size || place != end - kEnd64Size) damaged();
      end = place;
      const std::string wide = bytes_at(place, kEnd64Size);
      if (number(wide, 0, 4) != kEnd64 || number(wide, 16, 8) != 0) damaged();
      count = number(wide, 32, 8);
      size = number(wide, 40, 8);
      begin = number(wide, 48, 8);
    }
  }
  if (begin > end || size != end - begin || count > size / kDirectoryEntrySize) damaged();
  if (size > kMostDirectory) {
    refuse("its directory has " + std::to_string(size) + " bytes, expected at most " +
           std::to_string(kMostDirectory));
  }
  directory_begin_ = begin;
  const std::string directory = bytes_at(begin, size);
  std::string_view rest = directory;
  for (std::uint64_t k = 0; k < count; ++k) entries_.push_back(read_entry(rest));
  if (!rest.empty() || entries_.empty()) damaged();
  const std::string folder = entries_[0].name.substr(0, entries_[0].name.find('/') + 1);
  for (ZipEntry& entry : entries_) find_data(entry, folder);
  // No byte of the file belongs to two records.
  std::sort(entries_.begin(), entries_.end(),
            [](const ZipEntry& a, const ZipEntry& b) { return a.header < b.header; });
  for (std::size_t k = 1; k < entries_.size(); ++k) {
    const ZipEntry& before = entries_[k - 1];
    if (entries_[k].header < before.begin + before.stored_size) {
      refuse("its records " + shown(before.name) + " and " + shown(entries_[k].name) + " overlap");
    }
  }
  std::sort(entries_.begin(), entries_.end(),
            [](const ZipEntry& a, const ZipEntry& b) { return a.name < b.name; });
  for (std::size_t k = 1; k < entries_.size(); ++k) {
    if (entries_[k].name == entries_[k - 1].name) {
      refuse("it has two records " + shown(entries_[k].name));
    }
  }
}

// Reads one entry of the directory.
ZipEntry ZipEntries::read_entry(std::string_view& rest) const {
  if (rest.size() < kDirectoryEntrySize || number(rest, 0, 4) != kDirectoryEntry) damaged();
  const std::size_t name_size = number(rest, 28, 2), extra_size = number(rest, 30, 2),
                    comment_size = number(rest, 32, 2);
  if (rest.size() - kDirectoryEntrySize < name_size + extra_size + comment_size) damaged();
  ZipEntry entry;
  entry.name = rest.substr(kDirectoryEntrySize, name_size);
  entry.method = static_cast<std::uint16_t>(number(rest, 10, 2));
  entry.crc = static_cast<std::uint32_t>(number(rest, 16, 4));
  entry.stored_size = number(rest, 20, 4);
  entry.size = number(rest, 24, 4);
  entry.header = number(rest, 42, 4);
  if ((number(rest, 8, 2) & kEncrypted) != 0 || number(rest, 34, 2) != 0) damaged();
  // Numbers that do not fit 32 bits are in an extra field, in this order.
  std::string_view extra = rest.substr(kDirectoryEntrySize + name_size, extra_size);
  while (extra.size() >= 4) {
    const std::size_t size = number(extra, 2, 2);
    if (size > extra.size() - 4) damaged();
    std::string_view field = extra.substr(4, size);
    if (number(extra, 0, 2) == kExtra64) {
      for (std::uint64_t* value : {&entry.size, &entry.stored_size, &entry.header}) {
        if (*value != kIn64) continue;
        if (field.size() < 8) damaged();
        *value = number(field, 0, 8);
        field.remove_prefix(8);
      }
    }
    extra.remove_prefix(4 + size);
  }
  rest.remove_prefix(kDirectoryEntrySize + name_size + extra_size + comment_size);
  return entry;
}

// Finds a record's bytes after its header, and cuts the archive's folder off its name.
void ZipEntries::find_data(ZipEntry& entry, const std::string& folder) const {
  if (entry.header > directory_begin_ || directory_begin_ - entry.header < kLocalHeaderSize) {
    damaged();
  }
  const std::string head = bytes_at(entry.header, kLocalHeaderSize);
  const std::uint64_t name_size = number(head, 26, 2), extra_size = number(head, 28, 2);
  entry.begin = entry.header + kLocalHeaderSize + name_size + extra_size;
  if (number(head, 0, 4) != kLocalHeader || number(head, 8, 2) != entry.method ||
      name_size != entry.name.size() || entry.begin > directory_begin_ ||
      entry.stored_size > directory_begin_ - entry.begin ||
      bytes_at(entry.header + kLocalHeaderSize, name_size) != entry.name) {
    damaged();
  }
  if (folder.empty() || !entry.name.starts_with(folder)) {
    refuse("its records lie in several folders, expected one, as TorchScript writes them");
  }
  entry.name.erase(0, folder.size());
}

const ZipEntry* ZipEntries::find(std::string_view name) const {
  const auto at = std::lower_bound(
      entries_.begin(), entries_.end(), name,
      [](const ZipEntry& entry, std::string_view other) { return entry.name < other; });
  return at != entries_.end() && at->name == name ? &*at : nullptr;
}

std::string ZipEntries::read(const ZipEntry& entry, std::uint64_t most) const {
  if (entry.method != 0 || entry.size != entry.stored_size) {
    refuse("its record " + shown(entry.name) +
           " is compressed, expected one stored without compression");
  }
  if (entry.size > most) {
    refuse("its record " + shown(entry.name) + " has " + std::to_string(entry.size) +
           " bytes, expected at most " + std::to_string(most));
  }
  std::string bytes = bytes_at(entry.begin, entry.size);
  if (crc32(bytes) != entry.crc) refuse("its record " + shown(entry.name) + " is damaged");
  return bytes;
}

void ZipEntries::each_piece(const ZipEntry& entry,
                            const std::function<void(std::string_view)>& take) const {
  for (std::uint64_t done = 0; done < entry.stored_size; done += kPiece) {
    take(bytes_at(entry.begin + done, std::min(kPiece, entry.stored_size - done)));
  }
}

}  // namespace ipip

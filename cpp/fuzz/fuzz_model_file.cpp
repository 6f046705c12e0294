// SPDX-License-Identifier: MIT
// Damages model files in many ways and reads each: fuzz_model_file SEED ROUNDS FILE...
//
// Built with -fsanitize=address,undefined by tests/faults/model_files.py. A "damage" leaves the
// archive's checksums unchanged, as a faulty disk does. "Forged" records have correct checksums and
// digests, as an attacker would write them: there, only crashes and large use of memory count as
// failures. Prints a table as JSON and fails where a damaged file was accepted.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "ipip/error.hpp"
#include "model/arrays.hpp"
#include "model/json.hpp"
#include "model/metadata.hpp"
#include "model/model_file.hpp"
#include "model/printable.hpp"
#include "model/safetensors.hpp"
#include "model/zip_entries.hpp"

namespace {

using Records = std::vector<std::pair<std::string, std::string>>;  // name, bytes

std::mt19937_64 generator;

std::size_t below(std::size_t n) {
  return n == 0 ? 0 : std::uniform_int_distribution<std::size_t>(0, n - 1)(generator);
}

struct Counts {
  long tried = 0, refused = 0, harmless = 0, believed = 0;
};

// The contents of a file, as one text.
std::string content(const ipip::ModelFile& model) {
  const ipip::StudentInfo& info = model.metadata.info;
  std::ostringstream out;
  out.precision(17);
  out << info.architecture << ' ' << info.cutoff << ' ' << info.layers << ' ' << info.dtype << ' '
      << info.n_heads << ' ' << ipip::digest_of(model.weights) << ' '
      << model.metadata.arguments.shown();
  for (const std::string& symbol : info.symbols) out << ' ' << symbol;
  for (const double energy : info.reference_energies) out << ' ' << energy;
  for (const std::int64_t width : info.halo_widths) out << ' ' << width;
  if (model.uncertainty) {
    const ipip::Uncertainty& u = *model.uncertainty;
    for (const auto* values : {&u.whitening, &u.means, &u.scores, &u.errors}) {
      for (const double value : *values) out << ' ' << value;
    }
  }
  return out.str();
}

ipip::ModelFile read(const std::string& bytes) {
  return ipip::read_model_file(std::make_unique<std::istringstream>(bytes), "student.pt");
}

void attempt(Counts& counts, const std::string& expected,
             const std::function<std::string()>& take) {
  ++counts.tried;
  try {
    const std::string found = take();
    ++(found == expected ? counts.harmless : counts.believed);
  } catch (const ipip::Error& error) {
    const std::string what = error.what();
    if (what.empty() || what.size() > 1000 || what != ipip::printable(what)) {
      std::cerr << "not one sentence: " << what << '\n';
      std::abort();
    }
    ++counts.refused;
  }
}

std::string little_endian(std::uint64_t value, int n) {
  std::string out;
  for (int k = 0; k < n; ++k) out += static_cast<char>(value >> (8 * k) & 0xFFU);
  return out;
}

std::uint32_t crc32(const std::string& bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1U ^ (crc & 1U ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

// An archive of stored records, as zip has it without zip64.
std::string zip(const Records& records) {
  std::string out, directory;
  for (const auto& [name, bytes] : records) {
    const std::string path = "archive/" + name;
    const std::string sizes = little_endian(crc32(bytes), 4) + little_endian(bytes.size(), 4) +
                              little_endian(bytes.size(), 4) + little_endian(path.size(), 2) +
                              little_endian(0, 2);
    const std::string start = std::string("\0\0\0\0\0\0\0\0\0\0", 10);
    directory += std::string("PK\1\2\0\0", 6) + start + sizes + std::string(10, '\0') +
                 little_endian(out.size(), 4) + path;
    out += std::string("PK\3\4", 4) + start + sizes + path + bytes;
  }
  return out + directory + std::string("PK\5\6\0\0\0\0", 8) + little_endian(records.size(), 2) +
         little_endian(records.size(), 2) + little_endian(directory.size(), 4) +
         little_endian(out.size(), 4) + little_endian(0, 2);
}

Records records_of(const std::string& bytes) {
  const ipip::ZipEntries archive(std::make_unique<std::istringstream>(bytes), "student.pt");
  Records records;
  for (const ipip::ZipEntry& entry : archive.all()) {
    if (entry.method == 0) records.emplace_back(entry.name, archive.read(entry, bytes.size()));
  }
  return records;
}

// Bytes of lengths, offsets and counts, where false values do most harm.
std::string lie(std::string bytes) {
  static const std::vector<std::uint64_t> numbers = {0,
                                                     1,
                                                     0x7F,
                                                     0x80,
                                                     0xFF,
                                                     0xFFFF,
                                                     0x7FFFFFFF,
                                                     0xFFFFFFFF,
                                                     10'000'000'000U,
                                                     0x7FFFFFFFFFFFFFFFU,
                                                     0xFFFFFFFFFFFFFFFFU};
  const std::size_t width = std::size_t{1} << below(4);
  if (bytes.size() < width) return bytes;
  return bytes.replace(below(bytes.size() - width + 1), width,
                       little_endian(numbers[below(numbers.size())], static_cast<int>(width)));
}

std::string mutated(std::string bytes) {
  static const std::vector<std::string> words = {"\"",
                                                 "{",
                                                 "}",
                                                 "[",
                                                 "]",
                                                 ",",
                                                 ":",
                                                 "-",
                                                 "1e999",
                                                 "99999999999999999999",
                                                 "null",
                                                 "true",
                                                 "\"layers\": 10000000,",
                                                 "[[[[[[[[[[[[[[[[",
                                                 "\\ud800",
                                                 "0",
                                                 "\n",
                                                 "(",
                                                 ")",
                                                 "R",
                                                 "b",
                                                 "h"};
  for (std::size_t n = 1 + below(4); n-- > 0 && !bytes.empty();) {
    const std::size_t at = below(bytes.size());
    switch (below(6)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
        break;
      case 1:
        bytes = lie(bytes);
        break;
      case 2:
        bytes.erase(at, 1 + below(16));
        break;
      case 3:
        bytes.insert(at, words[below(words.size())]);
        break;
      case 4:
        bytes.insert(at, bytes.substr(below(bytes.size()), below(64)));
        break;
      default:
        bytes[at] = static_cast<char>(below(256));
    }
  }
  return bytes;
}

std::string* find(Records& records, const std::string& name) {
  for (auto& [other, bytes] : records) {
    if (other == name) return &bytes;
  }
  return nullptr;
}

// Puts the digest of the weights into the metadata, so that the checks after it are reached.
void state_digest(Records& records) {
  std::string* weights = find(records, "extra/ipip.safetensors");
  std::string* metadata = find(records, "extra/ipip.json");
  if (weights == nullptr || metadata == nullptr) return;
  try {
    const std::string digest = ipip::digest_of(ipip::read_safetensors(*weights));
    const std::size_t at = metadata->find("sha256:");
    if (at != std::string::npos) metadata->replace(at, digest.size(), digest);
  } catch (const ipip::Error&) {
    return;
  }
}

void fuzz(const std::string& bytes, long rounds, std::map<std::string, Counts>& table) {
  const std::string whole = content(read(bytes));
  const auto damage = [&](const std::string& kind, const std::string& changed) {
    attempt(table["damage: " + kind], whole, [&] { return content(read(changed)); });
  };
  // Every byte near the end and the start, where directories and headers are; a sample of the rest.
  const std::size_t step =
      std::max<std::size_t>(1, bytes.size() / static_cast<std::size_t>(rounds));
  for (std::size_t n = below(step); n < bytes.size(); n += step) {
    damage("cut off", bytes.substr(0, n));
    std::string flipped = bytes;
    flipped[n] = static_cast<char>(flipped[n] ^ (1 << below(8)));
    damage("one bit", flipped);
    std::string blank = bytes;
    const std::size_t width = std::min<std::size_t>(512, bytes.size() - n);
    damage("a sector of zeros", blank.replace(n, width, width, '\0'));
  }
  const std::size_t tail = std::min<std::size_t>(bytes.size(), 4096);
  for (long k = 0; k < rounds; ++k) {
    damage("a number that lies", lie(bytes));
    damage("a number of the directory that lies",
           bytes.substr(0, bytes.size() - tail) + lie(bytes.substr(bytes.size() - tail)));
  }
  const Records records = records_of(bytes);
  if (content(read(zip(records))) != whole) std::abort();  // else the forgeries below test nothing
  for (long k = 0; k < rounds; ++k) {
    for (const char* name : {"extra/ipip.json", "extra/ipip.safetensors",
                             "extra/ipip-uncertainty.safetensors", "data.pkl"}) {
      Records forged = records;
      std::string* record = find(forged, name);
      if (record == nullptr) continue;
      *record = mutated(*record);
      if (below(2) == 0) state_digest(forged);
      const std::string archive = zip(forged);
      attempt(table[std::string("forged: ") + name], whole, [&] { return content(read(archive)); });
    }
    Records swapped = records;
    std::swap(swapped[below(records.size())].second, swapped[below(records.size())].second);
    if (below(2) == 0) swapped.push_back(swapped[below(records.size())]);
    attempt(table["forged: records swapped or twice"], whole,
            [&] { return content(read(zip(swapped))); });
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "fuzz_model_file SEED ROUNDS FILE...\n";
    return 2;
  }
  generator.seed(std::strtoull(argv[1], nullptr, 10));
  std::map<std::string, Counts> table;
  for (int k = 3; k < argc; ++k) {
    std::ifstream file(argv[k], std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    fuzz(bytes, std::strtol(argv[2], nullptr, 10), table);
  }
  bool right = true;
  std::string text;
  for (const auto& [kind, counts] : table) {
    text += (text.empty() ? "{" : ",\n ") + ('"' + kind + "\": [") + std::to_string(counts.tried) +
            ", " + std::to_string(counts.refused) + ", " + std::to_string(counts.harmless) + ", " +
            std::to_string(counts.believed) + "]";
    right = right && (kind.starts_with("forged") || counts.believed == 0);
  }
  std::cout << text << "}\n";
  return right ? 0 : 1;
}

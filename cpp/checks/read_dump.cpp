// SPDX-License-Identifier: MIT
// read_dump AHEAD SYMBOL... < dump
//
// Reads a LAMMPS text dump, with a second thread where AHEAD is 1, and prints its contents as
// hexadecimal numbers, so that every bit counts. SYMBOL is the element of each type.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dump/frame.hpp"
#include "dump/frame_queue.hpp"
#include "dump/rows.hpp"
#include "dump/text_blocks.hpp"
#include "ipip/error.hpp"

namespace {

using namespace ipip::dump;

template <class T>
void print(const char* name, const T* values, std::int64_t count) {
  if (values == nullptr) return;
  std::cout << name << std::hexfloat;
  for (std::int64_t k = 0; k < count; ++k) std::cout << ' ' << values[k];
  std::cout << '\n';
}

void print(const Item& item) {
  if (item.kind == Item::Kind::wrong) throw ipip::Error(item.error);
  std::cout << "kind " << static_cast<int>(item.kind) << "\nstep " << item.step << "\nbytes "
            << item.begin << ' ' << item.end << '\n';
  if (item.kind != Item::Kind::frame) return;
  const Frame& frame = item.frame;
  print("cell", frame.box.cell.data(), 9);
  print("origin", frame.box.origin.data(), 3);
  print("ids", frame.ids.get(), frame.count);
  print("numbers", frame.numbers.get(), frame.count);
  print("positions", (frame.positions ? frame.positions : frame.stored).get(), 3 * frame.count);
  print("forces", frame.forces.get(), 3 * frame.count);
  print("others", frame.others.get(), frame.n_others * frame.count);
}

void read(bool ahead, const std::vector<std::string>& symbols) {
  auto request = std::make_shared<Request>();
  request->instructions = instructions_for("auto");
  request->numbers = {{"H", 1}, {"O", 8}, {"S", 16}, {"Mo", 42}};
  if (!symbols.empty()) request->symbols = symbols;
  for (const std::string& symbol : symbols) {
    request->numbers_of_types.push_back(request->numbers.at(symbol));
  }
  constexpr int kInput = 0;  // descriptor of the standard input
  constexpr std::size_t kPiece = 4096;
  FrameQueue queue(std::move(request), std::make_unique<FileSource>(kInput), 0, ahead, kPiece);
  for (std::vector<Item> items = queue.next(); !items.empty(); items = queue.next()) {
    for (const Item& item : items) print(item);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "read_dump AHEAD SYMBOL... < dump\n";
    return 2;
  }
  try {
    read(std::atoi(argv[1]) != 0, {argv + 2, argv + argc});
  } catch (const ipip::Error& error) {
    std::cout << "error " << error.what() << '\n';
    return 1;
  }
  return 0;
}

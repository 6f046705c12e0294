// SPDX-License-Identifier: MIT
// Reads the frames that a block of text holds.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dump/frame.hpp"
#include "dump/frame_span.hpp"
#include "dump/layout.hpp"
#include "dump/rows.hpp"
#include "dump/text_blocks.hpp"

namespace ipip::dump {

/// A reader for one thread; it keeps the layout of the columns and its memory.
class FrameReader {
 public:
  FrameReader(std::shared_ptr<const Request> request, std::shared_ptr<MemoryPool> pool)
      : request_(std::move(request)), pool_(std::move(pool)) {}

  /// Reads all that a block holds. Throws only std::bad_alloc: errors are items.
  std::vector<Item> read(const Block& block);

 private:
  Found read_frame(std::string_view text, std::size_t begin, Item& item, std::size_t& end);
  void read_end(std::string_view text, Item& item);
  bool is_left_out(const FrameSpan& span) const;
  bool read_whole(std::string_view text, FrameSpan& span, Frame& frame);
  void update_layout(const FrameSpan& span, std::string_view text);
  Rows arrays_for(Frame& frame);
  bool read_rows_of(std::string_view text, FrameSpan& span, Rows& rows);
  void set_numbers(const Rows& rows, Frame& frame);

  std::shared_ptr<const Request> request_;
  std::shared_ptr<MemoryPool> pool_;
  std::string columns_;  // after "ITEM: ATOMS" in the frame that the layout was made for
  Layout layout_;
  std::shared_ptr<const std::vector<ColumnPlace>> places_;
  Scratch scratch_;
};

}  // namespace ipip::dump

// SPDX-License-Identifier: GPL-2.0-or-later
#include "devices.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <exception>
#include <map>
#include <utility>
#include <vector>

#include "ipip/device.hpp"

namespace LAMMPS_NS {
namespace {

constexpr std::size_t kNameLength = MPI_MAX_PROCESSOR_NAME + 16;

// 0-3,8,10-11
std::string ranges(const std::vector<int>& ranks) {
  std::string text;
  for (std::size_t k = 0; k < ranks.size();) {
    std::size_t end = k + 1;
    while (end < ranks.size() && ranks[end] == ranks[end - 1] + 1) ++end;
    if (!text.empty()) text += ',';
    text += std::to_string(ranks[k]);
    if (end - k > 1) text.append(1, '-').append(std::to_string(ranks[end - 1]));
    k = end;
  }
  return text;
}

}  // namespace

std::string choose_device(const std::string& backend, const std::string& asked, bool share,
                          MPI_Comm world, std::string& device) {
  const std::string request = asked == "auto" ? ipip::auto_device(backend) : asked;
  MPI_Comm node = MPI_COMM_NULL;
  MPI_Comm_split_type(world, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  ipip::NodePlace place;
  MPI_Comm_rank(node, &place.rank);
  MPI_Comm_size(node, &place.ranks);
  MPI_Comm_free(&node);
  place.share = share;
  device = request == "emulate" ? request : "cpu";
  // GPUs are not counted where none is requested: that would start the driver on each.
  if (request == device) return "";
  std::string failure;
  ipip::Gpus gpus;
  try {
    gpus = ipip::visible_gpus(backend);
  } catch (const std::exception& error) {
    failure = error.what();
  }
  int fewest = 0;
  MPI_Allreduce(&gpus.visible, &fewest, 1, MPI_INT, MPI_MIN, world);
  if (!failure.empty() || (request == "auto" && fewest == 0)) return failure;
  try {
    device = ipip::place_rank(request, place, gpus);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

std::string device_table(const std::string& device, MPI_Comm world) {
  std::array<char, MPI_MAX_PROCESSOR_NAME> name{};
  std::array<char, kNameLength> mine{};  // ends with a zero
  int length = 0, me = 0, n_ranks = 1;
  MPI_Get_processor_name(name.data(), &length);
  (name.data() + (' ' + device)).copy(mine.data(), mine.size() - 1);
  MPI_Comm_rank(world, &me);
  MPI_Comm_size(world, &n_ranks);
  std::vector<char> all(me == 0 ? kNameLength * n_ranks : 0);
  MPI_Gather(mine.data(), kNameLength, MPI_CHAR, all.data(), kNameLength, MPI_CHAR, 0, world);
  if (me != 0) return "";
  std::map<std::pair<std::string, std::string>, std::vector<int>> users;
  for (int p = 0; p < n_ranks; ++p) {
    const std::string text = &all[kNameLength * p];
    const std::size_t gap = text.rfind(' ');
    users[{text.substr(0, gap), text.substr(gap + 1)}].push_back(p);
  }
  std::string table = "pair_style ipip: devices\n";
  std::array<char, kNameLength + 64> line{};
  const auto add = [&](const std::string& node, const std::string& where, const std::string& who) {
    std::snprintf(line.data(), line.size(), "%-24s %-8s ", node.c_str(), where.c_str());
    table += line.data() + who + "\n";
  };
  add("node", "device", "ranks");
  for (const auto& [place, ranks] : users) add(place.first, place.second, ranges(ranks));
  return table;
}

}  // namespace LAMMPS_NS

// SPDX-License-Identifier: GPL-2.0-or-later
// a, b: kinds of atoms; m: entry of a list of exclusions; i: local atom.
#include "exclusions.h"

#include <mpi.h>

#include <algorithm>
#include <set>
#include <utility>

#include "atom.h"
#include "comm.h"
#include "group.h"
#include "lammps.h"
#include "neigh_list.h"
#include "neighbor.h"

namespace LAMMPS_NS {
namespace {

constexpr const char* kReason =
    " leaves out some pairs of the student's atoms, whose energy depends on all of their "
    "neighbours: expected all pairs of an atom, or none";

// What exclusions distinguish atoms by: the type, and the bits of the groups that they name.
using Kind = std::pair<int, int>;

// The group of `comm_modify group`, which LAMMPS keeps for classes derived from Comm.
struct BorderGroup : Comm {
  static int of(const Comm& comm) { return comm.*(&BorderGroup::bordergroup); }
};

class Settings {
 public:
  explicit Settings(const LAMMPS& lmp)
      : neighbor_(*lmp.neighbor), group_(*lmp.group), border_group_(BorderGroup::of(*lmp.comm)) {
    for (int m = 0; m < neighbor_.nex_group; ++m) {
      bits_ |= bit(neighbor_.ex1_group[m]) | bit(neighbor_.ex2_group[m]);
    }
    for (int m = 0; m < neighbor_.nex_mol; ++m) bits_ |= bit(neighbor_.ex_mol_group[m]);
    bits_ |= bit(neighbor_.includegroup) | bit(border_group_);
  }

  bool none() const {
    return neighbor_.nex_type == 0 && neighbor_.nex_group == 0 && neighbor_.nex_mol == 0 &&
           neighbor_.includegroup == 0 && border_group_ == 0;
  }

  Kind kind(int type, int mask) const { return {type, mask & bits_}; }

  // The command that excludes a pair of two kinds; empty for none.
  std::string excluding(const Kind& a, const Kind& b) const {
    const auto is = [](int x, int y, int first, int second) {
      return (x == first && y == second) || (x == second && y == first);
    };
    for (int m = 0; m < neighbor_.nex_type; ++m) {
      const int first = neighbor_.ex1_type[m], second = neighbor_.ex2_type[m];
      if (is(a.first, b.first, first, second)) {
        return "exclude type " + std::to_string(first) + " " + std::to_string(second);
      }
    }
    for (int m = 0; m < neighbor_.nex_group; ++m) {
      const int first = neighbor_.ex1_group[m], second = neighbor_.ex2_group[m];
      if ((in(a, first) && in(b, second)) || (in(a, second) && in(b, first))) {
        return "exclude group " + name(first) + " " + name(second);
      }
    }
    return "";
  }

  // A group to which LAMMPS restricts itself and to which an atom does not belong.
  std::string outside(const Kind& a) const {
    const auto refused = [this](const char* command, int group) {
      return ": `" + std::string(command) + name(group) +
             "` leaves out atoms of the student that are not in that group: put all of its atoms "
             "into the group, or give their types the element NULL";
    };
    if (!in(a, neighbor_.includegroup))
      return refused("neigh_modify include ", neighbor_.includegroup);
    if (!in(a, border_group_)) return refused("comm_modify group ", border_group_);
    return "";
  }

  // Group 0 is `all`. `fix gcmc` removes the atom of a trial deletion from it, although the atom
  // belongs to it.
  bool in(const Kind& a, int group) const { return group == 0 || (a.second & bit(group)) != 0; }

  int bit(int group) const { return group_.bitmask[group]; }

  std::string name(int group) const {
    const char* text = group_.names[group];
    return text == nullptr ? "(deleted)" : text;
  }

 private:
  const Neighbor& neighbor_;
  const Group& group_;
  int border_group_;
  int bits_ = 0;
};

// The kinds of the student's atoms on all ranks, in one order.
std::vector<Kind> all_kinds(const LAMMPS& lmp, const Settings& settings,
                            const std::vector<int>& species) {
  const Atom& atom = *lmp.atom;
  std::set<Kind> kinds;
  for (int i = 0; i < atom.nlocal; ++i) {
    if (species[atom.type[i]] >= 0) kinds.insert(settings.kind(atom.type[i], atom.mask[i]));
  }
  std::vector<int> mine;
  for (const Kind& kind : kinds) mine.insert(mine.end(), {kind.first, kind.second});
  const int n_mine = static_cast<int>(mine.size());
  std::vector<int> counts(lmp.comm->nprocs), offsets(lmp.comm->nprocs, 0);
  MPI_Allgather(&n_mine, 1, MPI_INT, counts.data(), 1, MPI_INT, lmp.world);
  for (std::size_t p = 1; p < counts.size(); ++p) offsets[p] = offsets[p - 1] + counts[p - 1];
  std::vector<int> all(offsets.back() + counts.back());
  MPI_Allgatherv(mine.data(), n_mine, MPI_INT, all.data(), counts.data(), offsets.data(), MPI_INT,
                 lmp.world);
  for (std::size_t k = 0; k < all.size(); k += 2) kinds.insert({all[k], all[k + 1]});
  return {kinds.begin(), kinds.end()};
}

// `exclude molecule/...` of a group whose atoms are the student's.
std::string excluded_molecules(const LAMMPS& lmp, const Settings& settings,
                               const std::vector<int>& species, const std::set<Kind>& absent) {
  const Neighbor& neighbor = *lmp.neighbor;
  const Atom& atom = *lmp.atom;
  for (int m = 0; m < neighbor.nex_mol; ++m) {
    const int group = neighbor.ex_mol_group[m];
    tagint range[2] = {-MAXTAGINT, -MAXTAGINT};  // smallest molecule negated, largest
    for (int i = 0; i < atom.nlocal; ++i) {
      const Kind kind = settings.kind(atom.type[i], atom.mask[i]);
      if (species[kind.first] < 0 || !settings.in(kind, group) || absent.count(kind) > 0) continue;
      range[0] = std::max(range[0], -atom.molecule[i]);
      range[1] = std::max(range[1], atom.molecule[i]);
    }
    MPI_Allreduce(MPI_IN_PLACE, range, 2, MPI_LMP_TAGINT, MPI_MAX, lmp.world);
    if (range[1] == -MAXTAGINT) continue;
    const bool intra = neighbor.ex_mol_intra[m] != 0;
    if (!intra && -range[0] == range[1]) continue;
    return ": `neigh_modify exclude molecule/" + std::string(intra ? "intra " : "inter ") +
           settings.name(group) + "`" + kReason +
           ": name a group without the student's atoms, or remove it with `neigh_modify exclude "
           "none`";
  }
  return "";
}

}  // namespace

std::string find_absent(const LAMMPS& lmp, const std::vector<int>& species,
                        std::vector<char>& absent) {
  absent.clear();
  const Settings settings(lmp);
  if (settings.none()) return "";
  const std::vector<Kind> kinds = all_kinds(lmp, settings, species);
  std::set<Kind> removed;
  for (const Kind& a : kinds) {
    const auto excluded = [&](const Kind& b) { return !settings.excluding(a, b).empty(); };
    if (std::all_of(kinds.begin(), kinds.end(), excluded)) removed.insert(a);
  }
  for (const Kind& a : kinds) {
    if (removed.count(a) > 0) continue;
    const std::string outside = settings.outside(a);
    if (!outside.empty()) return outside;
    for (const Kind& b : kinds) {
      const std::string command = removed.count(b) > 0 ? "" : settings.excluding(a, b);
      if (command.empty()) continue;
      return ": `neigh_modify " + command + "`" + kReason +
             ": remove it with `neigh_modify exclude none`, or remove whole atoms from the system "
             "with `neigh_modify exclude group ID all`";
    }
  }
  const std::string molecules = excluded_molecules(lmp, settings, species, removed);
  if (!molecules.empty()) return molecules;
  if (removed.empty()) return "";
  const Atom& atom = *lmp.atom;
  absent.resize(atom.nlocal);
  for (int i = 0; i < atom.nlocal; ++i) {
    absent[i] = removed.count(settings.kind(atom.type[i], atom.mask[i])) > 0 ? 1 : 0;
  }
  return "";
}

std::string missing_in_list(const NeighList& list, const std::vector<int>& species) {
  if (list.molskip != 0) {
    return ": pair_style hybrid/molecular" + std::string(kReason) + ": use hybrid/overlay";
  }
  if (list.ijskip == nullptr) return "";
  const int n_types = static_cast<int>(species.size()) - 1;
  for (int a = 1; a <= n_types; ++a) {
    for (int b = a; b <= n_types; ++b) {
      if (species[a] < 0 || species[b] < 0 || list.ijskip[a][b] == 0) continue;
      return ": pair_style hybrid gives the pairs of atom types " + std::to_string(a) + " and " +
             std::to_string(b) + " to another style, which" + kReason +
             ": use hybrid/overlay, or give a type the element NULL";
    }
  }
  return "";
}

}  // namespace LAMMPS_NS

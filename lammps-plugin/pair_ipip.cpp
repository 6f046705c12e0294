// SPDX-License-Identifier: GPL-2.0-or-later
// Index letters: i receiving atom, j neighbour, e pair, n row.
#include "pair_ipip.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "force.h"
#include "memory.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "update.h"
#include "utils.h"

using namespace LAMMPS_NS;

namespace {

constexpr int OWNER_WIDTH = 2;    // owner rank and owner index travel to each ghost

}    // namespace

PairIpip::PairIpip(LAMMPS *lmp) : Pair(lmp)
{
  single_enable = 0;
  restartinfo = 0;
  one_coeff = 1;
  manybody_flag = 1;
  no_virial_fdotr_compute = 1;
  centroidstressflag = CENTROID_AVAIL;
  comm_forward = OWNER_WIDTH;
  unit_convert_flag = utils::get_supported_conversions(utils::ENERGY);
}

PairIpip::~PairIpip()
{
  delete[] pvector;
  if (allocated) {
    memory->destroy(setflag);
    memory->destroy(cutsq);
  }
}

void PairIpip::settings(int narg, char **arg)
{
  options_ = ipip::RunOptions();
  for (int k = 0; k < narg; k += 2) {
    const std::string keyword = arg[k];
    if (k + 1 >= narg)
      error->all(FLERR, "pair_style ipip: keyword {} has no value", keyword);
    const std::string value = arg[k + 1];
    if (keyword == "backend") {
      if (value != "auto" && value != "torchscript")
        error->all(FLERR, "pair_style ipip: backend is {}, expected auto or torchscript", value);
    } else if (keyword == "device") {
      if (value != "auto" && value != "cpu")
        error->all(FLERR, "pair_style ipip: device is {}, expected auto or cpu", value);
    } else if (keyword == "threads") {
      options_.threads = utils::inumeric(FLERR, value, false, lmp);
      if (options_.threads < 1)
        error->all(FLERR, "pair_style ipip: threads is {}, expected 1 or more", value);
    } else {
      error->all(FLERR,
                 "pair_style ipip: keyword {} is not known; the keywords are backend, device and "
                 "threads",
                 keyword);
    }
  }
}

void PairIpip::allocate()
{
  allocated = 1;
  const int n = atom->ntypes + 1;
  memory->create(setflag, n, n, "pair:setflag");
  memory->create(cutsq, n, n, "pair:cutsq");
  for (int i = 1; i < n; i++)
    for (int j = i; j < n; j++) setflag[i][j] = 0;
  // largest force, then the smallest distance of each pair of types
  nextra = 1 + atom->ntypes * (atom->ntypes + 1) / 2;
  pvector = new double[nextra]();
}

void PairIpip::coeff(int narg, char **arg)
{
  if (!allocated) allocate();
  if (narg < 4 || strcmp(arg[0], "*") != 0 || strcmp(arg[1], "*") != 0)
    error->all(FLERR,
               "pair_coeff of pair_style ipip is `* * FILE ELEMENT ...`, one element (or NULL) "
               "for each of the {} atom types",
               atom->ntypes);
  load(utils::get_potential_file_path(arg[2]).empty() ? arg[2]
                                                      : utils::get_potential_file_path(arg[2]));
  map_elements(narg - 3, arg + 3);
}

void PairIpip::load(const std::string &path)
{
  path_ = path;
  try {
    student_ = std::make_unique<ipip::Student>(path, options_);
  } catch (const std::exception &failure) {
    error->all(FLERR, "pair_style ipip: {}", failure.what());
  }
  if (comm->me == 0) {
    const ipip::StudentInfo &info = student_->info();
    std::string symbols;
    for (const std::string &symbol : info.symbols) symbols += " " + symbol;
    utils::logmesg(lmp, "ipip student {}: {},{}, cutoff {} A, {}, weights {}\n", path,
                   info.architecture, symbols, info.cutoff, info.dtype,
                   info.weights_digest.substr(0, 19));
  }
}

void PairIpip::map_elements(int nelements, char **elements)
{
  const std::vector<std::string> &symbols = student_->info().symbols;
  if (nelements != atom->ntypes)
    error->all(FLERR,
               "pair_coeff of pair_style ipip names {} elements, but there are {} atom types; "
               "name one element (or NULL) for each type",
               nelements, atom->ntypes);
  species_.assign(atom->ntypes + 1, -1);
  for (int k = 0; k < nelements; k++) {
    const std::string element = elements[k];
    if (element == "NULL") continue;
    const auto at = std::find(symbols.begin(), symbols.end(), element);
    if (at == symbols.end()) {
      std::string known;
      for (const std::string &symbol : symbols) known += " " + symbol;
      error->all(FLERR,
                 "pair_coeff of pair_style ipip: atom type {} is {}, but the student {} knows "
                 "only{}",
                 k + 1, element, path_, known);
    }
    species_[k + 1] = static_cast<int>(at - symbols.begin());
  }
  int set = 0;
  for (int i = 1; i <= atom->ntypes; i++)
    for (int j = i; j <= atom->ntypes; j++) {
      setflag[i][j] = species_[i] >= 0 && species_[j] >= 0;
      set += setflag[i][j];
    }
  if (set == 0)
    error->all(FLERR, "pair_coeff of pair_style ipip: all types are NULL; name an element");
}

void PairIpip::init_style()
{
  if (comm->nprocs > 1)
    error->all(FLERR,
               "pair_style ipip runs on one MPI rank, but there are {}; use `mpirun -np 1` or "
               "plain `lmp`",
               comm->nprocs);
  if (strcmp(update->unit_style, "metal") == 0)
    energy_unit_ = 1.0;
  else if (strcmp(update->unit_style, "real") == 0)
    energy_unit_ = utils::get_conversion_factor(utils::ENERGY, utils::METAL2REAL);
  else
    error->all(FLERR, "pair_style ipip: units are {}, expected metal or real", update->unit_style);
  if (domain->dimension != 3)
    error->all(FLERR, "pair_style ipip: dimension is {}, expected 3", domain->dimension);
  if (atom->molecular != Atom::ATOMIC)
    for (int k = 1; k <= 3; k++)
      if (force->special_lj[k] == 0.0 && force->special_coul[k] == 0.0)
        error->all(FLERR,
                   "pair_style ipip: special_bonds leave bonded neighbours out of the neighbour "
                   "list; use `special_bonds lj/coul 1 1 1`");
  neighbor->add_request(this, NeighConst::REQ_FULL);
}

double PairIpip::init_one(int i, int j)
{
  if (setflag[i][j] == 0)
    error->all(FLERR, "pair_style ipip: no pair_coeff for atom types {} and {}", i, j);
  return student_->info().cutoff;
}

// Owners of ghosts come from LAMMPS' own communication, never from tags.

void PairIpip::find_owners()
{
  const int nall = atom->nlocal + atom->nghost;
  owner_rank_.resize(nall);
  owner_index_.resize(nall);
  for (int i = 0; i < atom->nlocal; i++) {
    owner_rank_[i] = comm->me;
    owner_index_[i] = i;
  }
  comm->forward_comm(this, OWNER_WIDTH);
}

int PairIpip::pack_forward_comm(int n, int *list, double *buf, int /*pbc_flag*/, int * /*pbc*/)
{
  int m = 0;
  for (int k = 0; k < n; k++) {
    buf[m++] = owner_rank_[list[k]];
    buf[m++] = owner_index_[list[k]];
  }
  return m;
}

void PairIpip::unpack_forward_comm(int n, int first, double *buf)
{
  int m = 0;
  for (int i = first; i < first + n; i++) {
    owner_rank_[i] = static_cast<int>(buf[m++]);
    owner_index_[i] = static_cast<int>(buf[m++]);
  }
}

void PairIpip::compute(int eflag, int vflag)
{
  ev_init(eflag, vflag);
  if (neighbor->ago == 0) {
    find_owners();
    graph_.assign_rows(*list, atom->nlocal + atom->nghost, owner_index_, atom->type, species_);
  }
  graph_.collect_pairs(*list, atom->x, atom->type, atom->ntypes, student_->info().cutoff);

  ipip::Result result;
  try {
    result = student_->evaluate(graph_.view());
  } catch (const std::exception &failure) {
    error->one(FLERR, "pair_style ipip at step {}: {}", update->ntimestep, failure.what());
  }
  add_results(result);
  check_finite(result);
  if (vflag_either) tally_virial(result.gradients);
  fill_pvector();
}

void PairIpip::add_results(const ipip::Result &result)
{
  const ipip::Graph graph = graph_.view();
  forces_.assign(3 * graph.n_local, 0.0);
  const double *g = result.gradients;
  for (std::int64_t e = 0; e < graph.n_edges; e++, g += 3) {
    double *const fi = forces_.data() + 3 * graph.receivers[e];
    double *const fj = forces_.data() + 3 * graph.neighbours[e];
    for (int a = 0; a < 3; a++) {
      fi[a] += g[a];
      fj[a] -= g[a];
    }
  }
  double **f = atom->f;
  const std::vector<int> &atoms = graph_.atoms();
  for (std::int64_t n = 0; n < graph.n_local; n++) {
    for (int a = 0; a < 3; a++) f[atoms[n]][a] += energy_unit_ * forces_[3 * n + a];
    if (eflag_atom) eatom[atoms[n]] += energy_unit_ * result.atomic_energies[n];
  }
  if (eflag_global) eng_vdwl += energy_unit_ * result.energy;
}

// W = -sum_e r_e (outer) g_e; each pair's part goes half to its receiver, half to its neighbour.

void PairIpip::tally_virial(const double *gradients)
{
  static constexpr int ROW[9] = {0, 1, 2, 0, 0, 1, 1, 2, 2};    // xx yy zz xy xz yz yx zx zy
  static constexpr int COLUMN[9] = {0, 1, 2, 1, 2, 2, 0, 0, 1};
  const ipip::Graph graph = graph_.view();
  const std::vector<int> &atoms = graph_.atoms();
  for (std::int64_t e = 0; e < graph.n_edges; e++) {
    const double *r = graph.vectors + 3 * e;
    const double *g = gradients + 3 * e;
    double w[9];
    for (int k = 0; k < 9; k++) w[k] = -energy_unit_ * r[ROW[k]] * g[COLUMN[k]];
    if (vflag_global)
      for (int k = 0; k < 6; k++) virial[k] += w[k];
    if (!vflag_atom && !cvflag_atom) continue;
    for (const std::int64_t row : {graph.receivers[e], graph.neighbours[e]}) {
      const int i = atoms[row];
      if (vflag_atom)
        for (int k = 0; k < 6; k++) vatom[i][k] += 0.5 * w[k];
      if (cvflag_atom)
        for (int k = 0; k < 9; k++) cvatom[i][k] += 0.5 * w[k];
    }
  }
}

void PairIpip::check_finite(const ipip::Result &result)
{
  const std::vector<int> &atoms = graph_.atoms();
  for (std::size_t n = 0; n < atoms.size(); n++) {
    const double *fn = forces_.data() + 3 * n;
    const double sum = result.atomic_energies[n] + fn[0] + fn[1] + fn[2];
    if (!std::isfinite(sum))
      error->one(FLERR,
                 "pair_style ipip: energy or force of atom {} is not finite at step {}; the "
                 "student left what it knows, look at the last frames",
                 atom->tag_enable ? atom->tag[atoms[n]] : atoms[n], update->ntimestep);
  }
}

void PairIpip::fill_pvector()
{
  double largest = 0.0;
  for (std::size_t k = 0; k < forces_.size(); k += 3) {
    const double *fn = forces_.data() + k;
    largest = std::max(largest, fn[0] * fn[0] + fn[1] * fn[1] + fn[2] * fn[2]);
  }
  pvector[0] = energy_unit_ * std::sqrt(largest);
  int at = 1;
  for (int i = 1; i <= atom->ntypes; i++)
    for (int j = i; j <= atom->ntypes; j++) pvector[at++] = graph_.closest(i, j);
}

double PairIpip::memory_usage()
{
  double bytes = Pair::memory_usage() + graph_.memory_bytes();
  bytes += sizeof(int) * static_cast<double>(owner_rank_.capacity() + owner_index_.capacity());
  bytes += sizeof(double) * static_cast<double>(forces_.capacity());
  return bytes;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// pair_style ipip: runs a student of the ipip package. It passes rows and pairs to libipip and adds
// the results to LAMMPS' forces, energies and virials.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "comm_halo.h"
#include "ipip/student.hpp"
#include "pair.h"
#include "rank_halo.h"
#include "step_graph.h"
#include "step_times.h"

namespace LAMMPS_NS {

class PairIpip : public Pair {
 public:
  explicit PairIpip(class LAMMPS* lmp);
  ~PairIpip() override;

  void settings(int narg, char** arg) override;
  void coeff(int narg, char** arg) override;
  void init_style() override;
  double init_one(int i, int j) override;
  void compute(int eflag, int vflag) override;
  void finish() override;
  double memory_usage() override;
  void add_tally_callback(class Compute* compute) override;

  /// For `compute ipip/uncertainty`: the student of the deck, null before pair_coeff.
  const ipip::Student* student() const { return student_.get(); }
  /// Expected error of the force on each local atom in the deck's units, 0 for atoms that are not
  /// the student's. Returns whether they were evaluated in this step.
  bool copy_uncertainties(double* of_atoms) const;
  /// Whether the deck biases the run, and the bias energy of each local atom in the last step, in
  /// the deck's units.
  bool biased() const { return options_.bias.energy > 0.0; }
  void copy_bias(double* of_atoms) const;

  int pack_forward_comm(int n, int* list, double* buffer, int pbc_flag, int* pbc) override;
  void unpack_forward_comm(int n, int first, double* buffer) override;
  int pack_reverse_comm(int n, int first, double* buffer) override;
  void unpack_reverse_comm(int n, int* list, double* buffer) override;

 private:
  void allocate();
  void forget_student();
  void load(const std::string& path);
  void choose_devices();
  void warm_up();
  void map_elements(int n_elements, char** elements);
  void size_extremes();
  void check_units();
  void copy_rows(const std::vector<double>& values, double* of_atoms) const;
  void compare_masses();
  void check_companions();
  void check_ranks();
  void size_messages();
  bool sends_device_memory();
  void require_same_student();
  void stop_together(const std::string& failure);
  bool evaluate_step(double start, const ipip::Wanted& wanted);
  bool asks_for_uncertainties() const;
  void map_atoms();
  std::string present_atoms();
  std::string all_listed() const;
  void choose_pairs();
  void log_once(const std::string& notice, std::string& last);
  void find_own_contacts();
  bool types_changed() const;
  void check_halo();
  std::string wrong_halo_row();
  std::string wrong_adjoint();
  void find_owners();
  std::string evaluate(const ipip::Wanted& wanted);
  void count_step(double wall, double exchanging);
  std::string not_finite() const;
  bool agree_on_step(const std::string& failure);
  std::string same_place() const;
  void add_forces_and_energies();
  void add_virials();
  void fill_extremes();
  void publish_extremes();

  ipip::RunOptions options_;
  double bias_ = 0.0;               // in the deck's units, which may change before pair_coeff
  std::string device_ = "auto";     // as in the deck; options_.device is this rank's
  bool share_ = false;              // whether ranks may share a GPU
  std::string gpu_aware_ = "auto";  // whether MPI reads rows from GPU memory
  std::string rows_notice_;         // as last printed
  std::string device_table_;        // as last printed
  std::unique_ptr<ipip::Student> student_;
  std::vector<int> species_;     // [ntypes + 1] index into the student's symbols, -1 for NULL
  bool plan_ = true;             // halo plan, or halo comm
  bool check_ = false;           // whether the exchange tests itself at each reneighbouring
  bool sending_owners_ = false;  // what LAMMPS' communication carries now: owners, or rows
  Owners owners_;
  std::shared_ptr<RankHalo> rank_halo_;
  std::shared_ptr<CommHalo> comm_halo_;
  std::shared_ptr<TimedHalo> halo_;  // the one in use; null on one rank
  StepTimes times_;
  WarmUp warm_up_;
  // [3 + number of type pairs]: whether a rank failed, whether types changed since rows were made,
  // largest force squared, smallest distances negated
  std::vector<double> extremes_, global_extremes_;
  bigint mapped_build_ = -1;       // build of the neighbour list that rows are of
  std::vector<int> mapped_types_;  // [n_local] types that the rows belong to
  std::vector<char> absent_;       // [n_local] atoms that are not in the system; empty for none
  std::string mass_warning_;       // as last printed
  bool own_pairs_ = false;         // whether the student finds pairs itself
  std::string pairs_notice_;       // as last printed
  ipip::Places places_;
  Contacts contacts_;
  StepGraph step_;
  ipip::Results results_;
  bigint uncertain_step_ = -1;  // step whose uncertainties are in results_
  double energy_unit_ = 1.0;    // deck's energy unit per eV
};

}  // namespace LAMMPS_NS

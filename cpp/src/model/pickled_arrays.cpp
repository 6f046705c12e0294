// SPDX-License-Identifier: MIT
// Instructions of pickle, protocol 2, by the letters of Python's pickletools.
#include "pickled_arrays.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ipip/error.hpp"

namespace ipip {
namespace {

constexpr std::uint64_t kLargestPickle = 4U << 20U;  // bytes; a student has some 10 KB
constexpr std::size_t kMostValues = 200'000;
constexpr std::size_t kMostTensors = 20'000;
constexpr std::size_t kMostExtents = 8;
constexpr int kDeepest = 32;
constexpr std::uint64_t kMostCopies = 16;  // bytes of all tensors over those of all records

enum class Kind {
  none,
  flag,
  integer,
  real,
  text,
  global,
  tuple,
  list,
  dict,
  object,
  storage,
  tensor
};

struct Value {
  Kind kind = Kind::none;
  std::int64_t integer = 0;
  std::string text;                // of a text, a global's "module name", a storage's key
  std::vector<std::size_t> items;  // values; of a dict and an object names and values in turn
};

[[noreturn]] void refuse(const std::string& what) {
  throw Error("this ipip cannot read how its module is stored (" + what + ")");
}

// The machine: a stack, marks on it, and a memo, all of indices into `values`.
class Machine {
 public:
  explicit Machine(std::string_view program) : rest_(program) {}

  std::size_t run() {
    while (true) {
      const char code = take(1)[0];
      if (code == '.') return pop();
      step(code);
    }
  }

  const Value& operator[](std::size_t at) const { return values_[at]; }

 private:
  std::string_view take(std::size_t n) {
    if (n > rest_.size()) refuse("it is cut off");
    const std::string_view bytes = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return bytes;
  }

  std::uint64_t number(int n) {
    const std::string_view bytes = take(static_cast<std::size_t>(n));
    std::uint64_t value = 0;
    for (int k = n; k-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[k]);
    return value;
  }

  std::string line() {
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) refuse("it is cut off");
    const std::string text(take(end));
    take(1);
    return text;
  }

  void push(Value value) {
    if (values_.size() >= kMostValues) refuse("it has too many values");
    values_.push_back(std::move(value));
    stack_.push_back(values_.size() - 1);
  }

  void push(Kind kind, std::int64_t integer = 0) { push(Value{kind, integer, {}, {}}); }

  std::size_t pop() {
    if (stack_.empty() || (!marks_.empty() && stack_.size() <= marks_.back())) {
      refuse("it takes a value that does not exist");
    }
    const std::size_t top = stack_.back();
    stack_.pop_back();
    return top;
  }

  Value& top() {
    if (stack_.empty()) refuse("it takes a value that does not exist");
    return values_[stack_.back()];
  }

  std::vector<std::size_t> pop_to_mark() {
    if (marks_.empty() || marks_.back() > stack_.size())
      refuse("it takes a value that does not exist");
    const auto from = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<std::size_t> items(from, stack_.end());
    stack_.erase(from, stack_.end());
    marks_.pop_back();
    return items;
  }

  void push_tuple(std::vector<std::size_t> items) {
    push(Value{Kind::tuple, 0, {}, std::move(items)});
  }

  void get(std::uint64_t place) {
    const auto found = memo_.find(place);
    if (found == memo_.end()) refuse("it takes a value that does not exist");
    stack_.push_back(found->second);
    if (stack_.size() > kMostValues) refuse("it has too many values");
  }

  void extend(Kind kind, const std::vector<std::size_t>& items) {
    Value& target = top();
    if (target.kind != kind || (kind == Kind::dict && items.size() % 2 != 0)) {
      refuse("it fills a value that is not a list or dictionary");
    }
    count(items.size());
    target.items.insert(target.items.end(), items.begin(), items.end());
  }

  // Items that are copied: a short program could copy a long list again and again.
  void count(std::size_t n_items) {
    if ((n_items_ += n_items) > kMostValues) refuse("it has too many values");
  }

  void step(char code);
  void call();
  void build();
  void make_object();
  void find_storage();

  std::string_view rest_;
  std::vector<Value> values_;
  std::vector<std::size_t> stack_, marks_;
  std::map<std::uint64_t, std::size_t> memo_;
  std::size_t n_items_ = 0;
};

void Machine::step(char code) {
  switch (code) {
    case '\x80':  // PROTO
      if (number(1) != 2) refuse("its pickle does not have protocol 2");
      return;
    case 'c': {  // GLOBAL
      const std::string module = line();
      push(Value{Kind::global, 0, module + ' ' + line(), {}});
      return;
    }
    case 'q':  // BINPUT
    case 'r':  // LONG_BINPUT
      top();
      if (memo_.size() > kMostValues) refuse("it has too many values");
      memo_[number(code == 'q' ? 1 : 4)] = stack_.back();
      return;
    case 'h':  // BINGET
      return get(number(1));
    case 'j':  // LONG_BINGET
      return get(number(4));
    case '(':  // MARK
      marks_.push_back(stack_.size());
      return;
    case 't':  // TUPLE
      return push_tuple(pop_to_mark());
    case ')':  // EMPTY_TUPLE
      return push_tuple({});
    case '\x85':  // TUPLE1
      return push_tuple({pop()});
    case '\x86': {  // TUPLE2
      const std::size_t second = pop();
      return push_tuple({pop(), second});
    }
    case ']':  // EMPTY_LIST
      return push(Kind::list);
    case '}':  // EMPTY_DICT
      return push(Kind::dict);
    case 'a': {  // APPEND
      const std::size_t item = pop();
      return extend(Kind::list, {item});
    }
    case 'e': {  // APPENDS
      const std::vector<std::size_t> items = pop_to_mark();
      return extend(Kind::list, items);
    }
    case 'u': {  // SETITEMS
      const std::vector<std::size_t> items = pop_to_mark();
      return extend(Kind::dict, items);
    }
    case 'X':  // BINUNICODE
      push(Value{Kind::text, 0, std::string(take(number(4))), {}});
      return;
    case 'K':  // BININT1
      return push(Kind::integer, static_cast<std::int64_t>(number(1)));
    case 'M':  // BININT2
      return push(Kind::integer, static_cast<std::int64_t>(number(2)));
    case 'J':  // BININT
      return push(Kind::integer,
                  std::bit_cast<std::int32_t>(static_cast<std::uint32_t>(number(4))));
    case '\x8a': {  // LONG1
      const int n = static_cast<int>(number(1));
      if (n > 8) refuse("it has an integer of more than 64 bits");
      const std::uint64_t low = number(n);
      const int unused = 64 - 8 * n;
      return push(Kind::integer, n == 0 ? 0 : std::bit_cast<std::int64_t>(low << unused) >> unused);
    }
    case 'G':  // BINFLOAT
      number(8);
      return push(Kind::real);
    case 'N':  // NONE
      return push(Kind::none);
    case '\x88':  // NEWTRUE
    case '\x89':  // NEWFALSE
      return push(Kind::flag);
    case 'R':  // REDUCE
      return call();
    case '\x81':  // NEWOBJ
      return make_object();
    case 'b':  // BUILD
      return build();
    case 'Q':  // BINPERSID
      return find_storage();
    default:
      refuse("its pickle has the instruction " + std::to_string(static_cast<unsigned char>(code)));
  }
}

// A call of one of the few functions that make plain values.
void Machine::call() {
  const std::size_t arguments = pop(), function = pop();
  count(values_[arguments].items.size());
  const std::vector<std::size_t> items = values_[arguments].items;
  const std::string name = values_[function].text;
  if (values_[function].kind != Kind::global || values_[arguments].kind != Kind::tuple) {
    refuse("it calls a value that is not a function");
  }
  if (name == "torch._utils _rebuild_tensor_v2") {
    push(Value{Kind::tensor, 0, {}, items});
  } else if (name == "collections OrderedDict" && items.empty()) {
    push(Kind::dict);
  } else if (name.starts_with("torch.jit._pickle ") && !items.empty()) {
    stack_.push_back(items[0]);  // a list, with the type of what is in it
  } else {
    refuse("it calls " + name.substr(0, 60));
  }
}

void Machine::make_object() {
  const std::size_t arguments = pop(), type = pop();
  if (values_[type].kind != Kind::global || !values_[type].text.starts_with("__torch__.") ||
      !values_[arguments].items.empty()) {
    refuse("it makes an object that is not a module");
  }
  push(Kind::object);
}

void Machine::build() {
  const std::size_t state = pop();
  Value& object = top();
  if (object.kind != Kind::object || !object.items.empty() || values_[state].kind != Kind::dict) {
    refuse("it sets the state of a value that is not a module");
  }
  count(values_[state].items.size());
  object.items = values_[state].items;
}

void Machine::find_storage() {
  const std::size_t identity = pop();
  count(values_[identity].items.size());
  const std::vector<std::size_t> items = values_[identity].items;
  if (items.size() != 5 || values_[items[0]].text != "storage") refuse("it has no storage");
  Value storage{Kind::storage, 0, values_[items[2]].text, {items[1]}};
  push(std::move(storage));
}

// Collects the tensors of the tree of modules.
class Collector {
 public:
  Collector(const ZipEntries& archive, const Machine& values) : archive_(archive), values_(values) {
    for (const ZipEntry& entry : archive.all()) most_bytes_ += entry.stored_size;
    most_bytes_ *= kMostCopies;
  }

  void collect(std::size_t at, const std::string& prefix, int depth) {
    const Value& object = values_[at];
    if (depth > kDeepest) refuse("its modules are nested too deep");
    for (std::size_t k = 0; k + 1 < object.items.size(); k += 2) {
      const Value& name = values_[object.items[k]];
      const Value& value = values_[object.items[k + 1]];
      if (++n_visits_ > kMostValues) refuse("it has too many values");
      if (name.kind != Kind::text) refuse("a member of a module has no name");
      if (value.kind == Kind::object) {
        collect(object.items[k + 1], prefix + name.text.substr(0, 200) + '.', depth + 1);
      } else if (value.kind == Kind::tensor) {
        add(prefix + name.text.substr(0, 200), value);
      }
    }
  }

  Arrays take() { return std::move(arrays_); }

 private:
  std::vector<std::int64_t> integers(std::size_t at) const {
    std::vector<std::int64_t> out;
    if (values_[at].items.size() > kMostExtents) refuse("a tensor has too many extents");
    for (const std::size_t item : values_[at].items) {
      if (values_[item].kind != Kind::integer) refuse("a tensor has no shape");
      out.push_back(values_[item].integer);
    }
    return out;
  }

  // (storage, offset, shape, strides, ...), row by row in the storage.
  void add(const std::string& name, const Value& tensor) {
    if (arrays_.size() >= kMostTensors) refuse("it has too many tensors");
    if (tensor.items.size() < 4 || values_[tensor.items[0]].kind != Kind::storage ||
        values_[tensor.items[1]].kind != Kind::integer) {
      refuse("tensor " + name.substr(0, 60) + " has no storage");
    }
    const Value& storage = values_[tensor.items[0]];
    const std::string& type = values_[storage.items[0]].text;
    if (type != "torch FloatStorage" && type != "torch DoubleStorage") {
      refuse("tensor " + name.substr(0, 60) + " is neither float32 nor float64");
    }
    Array array;
    array.number = type == "torch FloatStorage" ? Number::float32 : Number::float64;
    array.shape = integers(tensor.items[2]);
    const ZipEntry* record = archive_.find("data/" + storage.text);
    if (record == nullptr) refuse("there is no record data/" + storage.text.substr(0, 60));
    const auto width = static_cast<std::uint64_t>(bytes_of(array.number));
    const auto size =
        static_cast<std::uint64_t>(checked_size(array.shape, array.number, record->stored_size));
    const std::vector<std::int64_t> strides = integers(tensor.items[3]);
    std::int64_t stride = 1;
    bool in_rows = strides.size() == array.shape.size();
    for (std::size_t k = array.shape.size(); in_rows && k-- > 0;) {
      in_rows = array.shape[k] <= 1 || strides[k] == stride;
      stride *= array.shape[k];
    }
    const std::int64_t offset = values_[tensor.items[1]].integer;
    const std::uint64_t room = record->stored_size / width;
    if (!in_rows || offset < 0 || static_cast<std::uint64_t>(offset) > room ||
        size > room - static_cast<std::uint64_t>(offset)) {
      refuse("tensor " + name.substr(0, 60) + " of shape " + shape_text(array.shape) +
             " does not fit its record");
    }
    n_bytes_ += record->stored_size;
    if (n_bytes_ > most_bytes_) refuse("its tensors are larger than the file");
    array.bytes = archive_.read(*record, record->stored_size)
                      .substr(static_cast<std::size_t>(offset) * width, size * width);
    if (!arrays_.emplace(name, std::move(array)).second)
      refuse("it has two tensors " + name.substr(0, 60));
  }

  const ZipEntries& archive_;
  const Machine& values_;
  Arrays arrays_;
  std::size_t n_visits_ = 0;
  std::uint64_t n_bytes_ = 0, most_bytes_ = 0;
};

}  // namespace

Arrays read_pickled_arrays(const ZipEntries& archive) {
  const ZipEntry* order = archive.find("byteorder");
  if (order != nullptr && archive.read(*order, 16) != "little") refuse("it is not little-endian");
  const ZipEntry* pickle = archive.find("data.pkl");
  if (pickle == nullptr) refuse("it has no data.pkl");
  const std::string program = archive.read(*pickle, kLargestPickle);
  Machine machine(program);
  const std::size_t module = machine.run();
  if (machine[module].kind != Kind::object) refuse("it is not a module");
  Collector collector(archive, machine);
  collector.collect(module, "", 0);
  return collector.take();
}

}  // namespace ipip

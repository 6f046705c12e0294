// SPDX-License-Identifier: MIT
#include "json.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <set>
#include <system_error>

#include "ipip/error.hpp"
#include "printable.hpp"

namespace ipip::json {
namespace {

constexpr int kDeepest = 64;  // nesting; a metadata block has four levels
// Values and members; a metadata block has some hundred. Each takes some 100 bytes.
constexpr std::size_t kMostValues = 200'000;
constexpr std::size_t kMostDigits = 400;  // of one number; a float64 has 309 before its point

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Value document() {
    Value value = any(0);
    skip_space();
    if (at_ != text_.size()) fail("text after the end");
    return value;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error("JSON, character " + std::to_string(at_) + ": " + what);
  }

  void skip_space() {
    constexpr std::string_view space = " \t\r\n";
    while (at_ < text_.size() && space.find(text_[at_]) != std::string_view::npos) ++at_;
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool take(char expected) {
    if (peek() != expected || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }

  void word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) fail("expected a value");
    at_ += expected.size();
  }

  Value any(int depth) {
    if (depth > kDeepest) fail("nested too deep");
    if (++n_values_ > kMostValues) fail("more values than " + std::to_string(kMostValues));
    skip_space();
    switch (peek()) {
      case '{':
        return {object(depth)};
      case '[':
        return {array(depth)};
      case '"':
        return {string()};
      case 't':
        word("true");
        return {true};
      case 'f':
        word("false");
        return {false};
      case 'n':
        word("null");
        return {nullptr};
      default:
        return number();
    }
  }

  Object object(int depth) {
    Object members;
    std::set<std::string> names;
    take('{');
    skip_space();
    if (take('}')) return members;
    do {
      skip_space();
      if (peek() != '"') fail("expected the name of a member");
      std::string name = string();
      if (!names.insert(name).second) {
        fail("member \"" + name.substr(0, 60) + "\" appears twice");
      }
      skip_space();
      if (!take(':')) fail("expected ':'");
      members.emplace_back(std::move(name), any(depth + 1));
      skip_space();
    } while (take(','));
    if (!take('}')) fail("expected ',' or '}'");
    return members;
  }

  Array array(int depth) {
    Array values;
    take('[');
    skip_space();
    if (take(']')) return values;
    do {
      values.push_back(any(depth + 1));
      skip_space();
    } while (take(','));
    if (!take(']')) fail("expected ',' or ']'");
    return values;
  }

  std::string string() {
    std::string out;
    take('"');
    while (!take('"')) {
      if (at_ >= text_.size()) fail("the text ends within a string");
      const char c = text_[at_++];
      if (static_cast<unsigned char>(c) < 0x20) fail("control character in a string");
      if (c == '\\') {
        escape(out);
      } else {
        out += c;
      }
    }
    return out;
  }

  void escape(std::string& out) {
    constexpr std::string_view codes = "\"\\/bfnrt";
    constexpr std::string_view characters = "\"\\/\b\f\n\r\t";
    const char code = peek();
    ++at_;
    if (code == 'u') {
      append_utf8(out, code_point());
    } else if (const auto k = codes.find(code); k != std::string_view::npos && code != '\0') {
      out += characters[k];
    } else {
      fail("unknown escape in a string");
    }
  }

  std::uint32_t hex4() {
    std::uint32_t unit = 0;
    const std::string_view digits = text_.substr(std::min(at_, text_.size()), 4);
    const auto [end, status] =
        std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
    if (digits.size() != 4 || status != std::errc{} || end != digits.data() + 4) {
      fail("expected four hexadecimal digits");
    }
    at_ += 4;
    return unit;
  }

  std::uint32_t code_point() {
    const std::uint32_t high = hex4();
    if (high < 0xD800 || high > 0xDFFF) return high;
    if (high > 0xDBFF || !take('\\') || !take('u')) fail("half of a surrogate pair");
    const std::uint32_t low = hex4();
    if (low < 0xDC00 || low > 0xDFFF) fail("half of a surrogate pair");
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
  }

  static void append_utf8(std::string& out, std::uint32_t point) {
    const auto tail = [&](int shift) {
      out += static_cast<char>(0x80 | ((point >> shift) & 0x3F));
    };
    if (point < 0x80) {
      out += static_cast<char>(point);
    } else if (point < 0x800) {
      out += static_cast<char>(0xC0 | (point >> 6));
      tail(0);
    } else if (point < 0x10000) {
      out += static_cast<char>(0xE0 | (point >> 12));
      tail(6);
      tail(0);
    } else {
      out += static_cast<char>(0xF0 | (point >> 18));
      tail(12);
      tail(6);
      tail(0);
    }
  }

  std::size_t digits() {
    const std::size_t start = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ - start;
  }

  // Number of the grammar: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
  Value number() {
    const std::size_t start = at_;
    take('-');
    const bool zero = peek() == '0';
    const std::size_t whole = digits();
    if (whole == 0) fail("expected a value");
    if (zero && whole > 1) fail("a number with a leading zero");
    bool integer = true;
    if (take('.')) {
      integer = false;
      if (digits() == 0) fail("expected digits after '.'");
    }
    if (peek() == 'e' || peek() == 'E') {
      integer = false;
      ++at_;
      if (!take('+')) take('-');
      if (digits() == 0) fail("expected digits in the exponent");
    }
    const char* first = text_.data() + start;
    const char* last = text_.data() + at_;
    if (at_ - start > kMostDigits) fail("a number of " + std::to_string(at_ - start) + " digits");
    std::int64_t count = 0;
    if (integer && std::from_chars(first, last, count).ec == std::errc{}) return {count};
    double real = 0.0;
    if (std::from_chars(first, last, real).ec != std::errc{}) fail("a number out of range");
    return {real};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t n_values_ = 0;
};

std::string quoted(const std::string& text) {
  return '"' + text + '"';
}

std::string full_text(const Value& value) {
  struct Visitor {
    std::string operator()(std::nullptr_t) const { return "null"; }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(double number) const {
      char buffer[32];
      const auto end = std::to_chars(buffer, buffer + sizeof(buffer), number).ptr;
      return std::string(buffer, end);
    }
    std::string operator()(const std::string& text) const { return quoted(text); }
    std::string operator()(const Array& values) const {
      std::string out;
      for (const Value& item : values) out += (out.empty() ? "" : ", ") + full_text(item);
      return '[' + out + ']';
    }
    std::string operator()(const Object& members) const {
      std::string out;
      for (const auto& [name, item] : members) {
        out += (out.empty() ? "" : ", ") + quoted(name) + ": " + full_text(item);
      }
      return '{' + out + '}';
    }
  };
  return std::visit(Visitor{}, value.data);
}

}  // namespace

const Value* Value::find(std::string_view name) const {
  const Object* members = as<Object>();
  if (members == nullptr) return nullptr;
  for (const auto& member : *members) {
    if (member.first == name) return &member.second;
  }
  return nullptr;
}

std::string Value::shown() const {
  constexpr std::size_t longest = 60;
  std::string text = full_text(*this);
  if (text.size() > longest) text = text.substr(0, longest) + "...";
  return text;
}

Value parse(std::string_view text) {
  if (!is_utf8(text)) throw Error("JSON that is not UTF-8");
  return Parser(text).document();
}

}  // namespace ipip::json

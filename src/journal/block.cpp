// SPDX-License-Identifier: Apache-2.0
#include "journal/block.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <string_view>
#include <unordered_set>

#include "core/invariant.hpp"

namespace hubward::journal {

namespace {

constexpr std::uint64_t format_version = 1;
// Times are milliseconds since 1970; what is further away than this (some 34,000 years) is no time.
constexpr std::int64_t furthest_time = std::int64_t{1} << 50;

// Signed numbers as unsigned ones, small ones small: 0, -1, 1, -2, ...
std::uint64_t zigzag(std::int64_t number) {
  return (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
}
std::int64_t unzigzag(std::uint64_t number) {
  return static_cast<std::int64_t>(number >> 1) ^ -static_cast<std::int64_t>(number & 1);
}

// Numbers texts in the order of their first use. One array that is probed from a text's hash on: nearly every
// text of a block has been there before, and a node for each new one would cost more than all the rest.
class Texts {
 public:
  std::uint64_t number_of(std::string_view text) {
    if (2 * (texts_.size() + 1) > slots_.size()) grow();
    std::uint32_t& slot = slot_of(text);
    if (slot == 0) {
      texts_.push_back(text);
      slot = static_cast<std::uint32_t>(texts_.size());
    }
    return slot - 1;
  }
  const std::vector<std::string_view>& in_order() const { return texts_; }

 private:
  std::uint32_t& slot_of(std::string_view text) {
    std::size_t at = std::hash<std::string_view>()(text) & (slots_.size() - 1);
    while (slots_[at] != 0 && texts_[slots_[at] - 1] != text) at = (at + 1) & (slots_.size() - 1);
    return slots_[at];
  }
  void grow() {
    constexpr std::size_t at_first = 1024;
    slots_.assign(std::max(at_first, 2 * slots_.size()), 0);
    for (std::uint32_t number = 1; number <= texts_.size(); ++number) slot_of(texts_[number - 1]) = number;
  }

  std::vector<std::string_view> texts_;
  std::vector<std::uint32_t> slots_;  // a power of two; 0: free, else the number and one
};

// Texts are written once, in the order of their first use; records refer to them by number.
class Writing {
 public:
  explicit Writing(std::size_t expected_bytes) : bytes_(expected_bytes) {}
  void number(std::uint64_t number) {
    std::byte* to = extend(longest_number);
    for (; number >= 0x80; number >>= 7) *to++ = static_cast<std::byte>(number | 0x80);
    *to++ = static_cast<std::byte>(number);
    used_ = static_cast<std::size_t>(to - bytes_.data());
  }
  void text(std::string_view text) { number(texts_.number_of(text)); }
  void fields(const std::vector<Field>& fields) {
    number(fields.size());
    for (const Field& field : fields) {
      text(field.name);
      text(field.value);
    }
  }
  void bytes(std::string_view bytes) {
    number(bytes.size());
    std::ranges::copy(bytes_of(bytes), extend(bytes.size()));
    used_ += bytes.size();
  }
  const std::vector<std::string_view>& texts() const { return texts_.in_order(); }
  Bytes take() {
    bytes_.resize(used_);
    return std::move(bytes_);
  }

 private:
  static constexpr std::size_t longest_number = 10;

  // Room behind what was written.
  std::byte* extend(std::size_t size) {
    if (bytes_.size() - used_ < size) bytes_.resize(std::max(2 * bytes_.size(), used_ + size));
    return bytes_.data() + used_;
  }

  Bytes bytes_;  // the first `used_` are written
  std::size_t used_ = 0;
  Texts texts_;
};

void write_record(Writing& out, const Record& record, TimePoint base) {
  out.number(static_cast<std::uint64_t>(record.kind));
  out.number(static_cast<std::uint64_t>(record.decision));
  out.number(static_cast<std::uint64_t>((record.time - base).count()));
  for (const std::string* text :
       {&record.client, &record.connection, &record.operation, &record.path_template, &record.rule,
        &record.reason, &record.correlation_id, &record.peer})
    out.text(*text);
  out.fields(record.parameters);
  out.fields(record.details);
  out.number(record.status);
  out.number(record.upstream_status);
  out.number(record.bytes_in);
  out.number(record.bytes_out);
  out.number(static_cast<std::uint64_t>(record.duration.count()));
  out.number(static_cast<std::uint64_t>(record.upstream_duration.count()));
  out.number(record.attempts);
}

// Reads on after the first thing that is wrong, and gets nothing but zeros; ok() tells.
class Reading {
 public:
  explicit Reading(std::span<const std::byte> bytes) : rest_(bytes) {}

  std::uint64_t number(std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      auto byte = static_cast<std::uint64_t>(rest_.front());
      rest_ = rest_.subspan(1);
      if (shift == 63 && byte > 1) break;  // more than 64 bits
      number |= (byte & 0x7f) << shift;
      if ((byte & 0x80) != 0) continue;
      if (byte == 0 && shift > 0) break;  // the same number has a shorter spelling
      return number <= most ? number : fail();
    }
    return fail();
  }

  void read_texts() {
    std::uint64_t count = number(max_block_bytes);
    std::unordered_set<std::string_view> known;
    for (std::uint64_t i = 0; i < count && ok_; ++i) {
      std::uint64_t size = number(max_text);
      if (size > rest_.size()) fail();
      if (!ok_) return;
      texts_.push_back(text_of(rest_.first(size)));
      rest_ = rest_.subspan(size);
      if (!known.insert(texts_.back()).second) fail();  // written twice
    }
  }
  void text(std::string& into) {
    std::uint64_t at = number();
    if (at > used_ || at >= texts_.size()) fail();  // not in the order of first use, or not there
    if (!ok_) return;
    if (at == used_) ++used_;
    into = texts_[at];
  }
  void fields(std::vector<Field>& into) {
    into.resize(number(max_fields));
    for (Field& field : into) {
      text(field.name);
      text(field.value);
    }
  }
  std::uint64_t fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }
  bool ok() const { return ok_; }
  bool complete() const { return ok_ && rest_.empty() && used_ == texts_.size(); }

 private:
  std::span<const std::byte> rest_;
  std::vector<std::string_view> texts_;
  std::size_t used_ = 0;
  bool ok_ = true;
};

void read_record(Reading& in, Record& record, TimePoint base) {
  constexpr std::uint64_t longest = std::numeric_limits<std::int64_t>::max();
  record.kind = static_cast<Kind>(in.number(static_cast<std::uint64_t>(Kind::System)));
  if (record.kind == Kind{0}) in.fail();
  record.decision = static_cast<Decision>(in.number(static_cast<std::uint64_t>(Decision::ShadowDeny)));
  record.time = base + std::chrono::milliseconds(in.number(static_cast<std::uint64_t>(2 * furthest_time)));
  if (to_millis(record.time) > furthest_time) in.fail();
  for (std::string* text : {&record.client, &record.connection, &record.operation, &record.path_template,
                            &record.rule, &record.reason, &record.correlation_id, &record.peer})
    in.text(*text);
  in.fields(record.parameters);
  in.fields(record.details);
  record.status = static_cast<std::uint16_t>(in.number(0xffff));
  record.upstream_status = static_cast<std::uint16_t>(in.number(0xffff));
  record.bytes_in = in.number();
  record.bytes_out = in.number();
  record.duration = std::chrono::microseconds(in.number(longest));
  record.upstream_duration = std::chrono::microseconds(in.number(longest));
  record.attempts = static_cast<std::uint32_t>(in.number(0xffff'ffff));
}

std::unexpected<Error> corrupt(std::string_view what) {
  return failure("JOURNAL_CORRUPT", Fault::Store, Retry::Never,
                 "a block of the journal cannot be read: " + std::string(what));
}

}  // namespace

TimePoint Block::first_time() const {
  return std::ranges::min_element(records, {}, &Record::time)->time;
}

TimePoint Block::last_time() const {
  return std::ranges::max_element(records, {}, &Record::time)->time;
}

std::size_t text_bytes(const Record& record) {
  std::size_t bytes = record.client.size() + record.connection.size() + record.operation.size() +
                      record.path_template.size() + record.rule.size() + record.reason.size() +
                      record.correlation_id.size() + record.peer.size();
  for (const std::vector<Field>* fields : {&record.parameters, &record.details})
    for (const Field& field : *fields) bytes += field.name.size() + field.value.size();
  return bytes;
}

Bytes encode(const Block& block) {
  invariant(!block.records.empty() && block.records.size() <= max_block_records,
            "a block holds some records");
  constexpr std::size_t usual_record_bytes = 48, head_bytes = 32, length_bytes = 2;
  TimePoint base = block.first_time();
  Writing body(block.records.size() * usual_record_bytes);
  for (const Record& record : block.records) write_record(body, record, base);

  const Bytes records = body.take();
  std::size_t size = head_bytes + records.size();
  for (std::string_view text : body.texts()) size += length_bytes + text.size();
  Writing head(size);
  head.number(format_version);
  head.number(static_cast<std::uint64_t>(block.number));
  head.number(zigzag(to_millis(base)));
  head.number(block.records.size());
  head.number(body.texts().size());
  for (std::string_view text : body.texts()) head.bytes(text);
  Bytes bytes = head.take();
  bytes.insert(bytes.end(), records.begin(), records.end());
  return bytes;
}

Result<Block> decode(std::span<const std::byte> bytes) {
  if (bytes.size() > max_block_bytes) return corrupt("it is longer than any block");
  Reading in(bytes);
  if (in.number() != format_version) return corrupt("its format is not known to this version");
  Block block;
  block.number = static_cast<std::int64_t>(in.number(std::numeric_limits<std::int64_t>::max()));
  std::int64_t base = unzigzag(in.number());
  if (base < -furthest_time || base > furthest_time) return corrupt("its time is impossible");
  std::uint64_t count = in.number(max_block_records);
  in.read_texts();
  if (!in.ok() || count == 0 || block.number == 0) return corrupt("its head is damaged");
  for (std::uint64_t i = 0; i < count && in.ok(); ++i)
    read_record(in, block.records.emplace_back(), from_millis(base));
  if (!in.complete()) return corrupt("its records are damaged");
  if (block.first_time() != from_millis(base)) return corrupt("its time is not that of its records");
  return block;
}

}  // namespace hubward::journal

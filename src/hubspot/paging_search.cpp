// SPDX-License-Identifier: Apache-2.0
#include "hubspot/paging_search.hpp"

#include <bit>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace hubward::hubspot {

namespace {

constexpr std::string_view name = "\"paging\"";

// Where the whole name begins, from `at` on.
std::size_t find_whole(std::string_view text, std::size_t at) {
#ifdef __SSE2__
  // Sixteen places at once: a quote with the last letter six bytes behind it is rare enough.
  constexpr std::size_t places = 16, last_letter = 6;
  const __m128i quotes = _mm_set1_epi8(name.front()), letters = _mm_set1_epi8(name[last_letter]);
  for (; at + last_letter + places <= text.size(); at += places) {
    const char* here = text.data() + at;
    __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i_u*>(here));
    __m128i last = _mm_loadu_si128(reinterpret_cast<const __m128i_u*>(here + last_letter));
    __m128i both = _mm_and_si128(_mm_cmpeq_epi8(first, quotes), _mm_cmpeq_epi8(last, letters));
    auto found = static_cast<unsigned>(_mm_movemask_epi8(both));
    for (; found != 0; found &= found - 1) {
      std::size_t place = at + static_cast<std::size_t>(std::countr_zero(found));
      if (text.substr(place).starts_with(name)) return place;
    }
  }
#endif
  return text.find(name, at);
}

// How many bytes of the name the text ends with.
std::size_t begun_at_end(std::string_view text) {
  std::size_t begun = name.size() - 1;
  while (!text.ends_with(name.substr(0, begun))) --begun;
  return begun;
}

}  // namespace

std::optional<std::size_t> PagingSearch::find(std::string_view piece, std::size_t at) {
  if (at == piece.size()) return std::nullopt;
  while (begun_ > 0) {
    if (at == piece.size()) return std::nullopt;
    bool goes_on = piece[at] == name[begun_];
    begun_ = goes_on ? begun_ + 1 : 0;
    if (goes_on) ++at;
    if (begun_ < name.size()) continue;
    begun_ = 0;
    return at;
  }
  auto is_escaped = [&](std::size_t place) {
    return place == 0 ? after_backslash_ : piece[place - 1] == '\\';
  };
  for (std::size_t from = at; (from = find_whole(piece, from)) != std::string_view::npos; ++from) {
    if (is_escaped(from)) continue;
    after_backslash_ = false;
    return from + name.size();
  }
  std::size_t begun = begun_at_end(piece.substr(at));
  begun_ = is_escaped(piece.size() - begun) ? 0 : begun;
  after_backslash_ = piece.back() == '\\';
  return std::nullopt;
}

}  // namespace hubward::hubspot

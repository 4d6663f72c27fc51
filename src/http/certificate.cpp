// SPDX-License-Identifier: Apache-2.0
#include "http/certificate.hpp"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>
#include <fstream>
#include <memory>
#include <optional>

#include "core/secret.hpp"
#include "http/tls_context.hpp"

namespace hubward::http {

namespace {

constexpr std::size_t longest_subject = 200;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* owned) const {
    Free(owned);
  }
};
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;

std::unexpected<Error> unreadable(std::string message) {
  return invalid("CERTIFICATE_INVALID", std::move(message));
}

// Without this OpenSSL would ask on the terminal.
int no_password(char*, int, int, void*) {
  return 0;
}

std::optional<TimePoint> time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return TimePoint(std::chrono::seconds(::timegm(&parts)));
}

std::string subject_of(const X509& certificate) {
  BioPtr text(BIO_new(BIO_s_mem()));
  if (!text || X509_NAME_print_ex(text.get(), X509_get_subject_name(&certificate), 0, XN_FLAG_RFC2253) < 0)
    return {};
  char* bytes = nullptr;
  long size = BIO_get_mem_data(text.get(), &bytes);
  return std::string(bytes, std::min(static_cast<std::size_t>(size), longest_subject));
}

}  // namespace

Result<CertificateFacts> facts_of(const X509& certificate) {
  CertificateFacts facts;
  unsigned char* der = nullptr;
  int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(&certificate), &der);
  std::unique_ptr<unsigned char, Freed<[](unsigned char* owned) { OPENSSL_free(owned); }>> owned(der);
  const EVP_PKEY* key = X509_get0_pubkey(&certificate);
  std::optional<TimePoint> from = time_of(X509_get0_notBefore(&certificate));
  std::optional<TimePoint> until = time_of(X509_get0_notAfter(&certificate));
  if (size <= 0 || key == nullptr || !from || !until)
    return unreadable("the certificate's key or dates cannot be read: " + tls_trouble());
  facts.key_hash = crypto::sha256(std::as_bytes(std::span(der, static_cast<std::size_t>(size))));
  facts.not_before = *from;
  facts.not_after = *until;
  facts.key_strength = EVP_PKEY_get_security_bits(key);
  facts.subject = subject_of(certificate);
  return facts;
}

Result<CertificateFacts> read_certificate(std::string_view pem) {
  if (pem.size() > max_certificate_pem) return unreadable("this is longer than a certificate");
  BioPtr text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  CertificatePtr certificate(text ? PEM_read_bio_X509(text.get(), nullptr, no_password, nullptr) : nullptr);
  if (!certificate)
    return unreadable("there is no certificate in PEM form (-----BEGIN CERTIFICATE-----): " + tls_trouble());
  return facts_of(*certificate);
}

Result<CertificateFacts> read_certificate_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string pem(max_certificate_pem + 1, '\0');
  file.read(pem.data(), static_cast<std::streamsize>(pem.size()));
  if (file.bad() || (!file.eof() && file.fail())) return unreadable("cannot read " + path);
  pem.resize(static_cast<std::size_t>(file.gcount()));
  Result<CertificateFacts> facts = read_certificate(pem);
  wipe(std::span(pem));  // some keep the private key in the same file
  if (!facts) return while_doing(path, facts.error());
  return facts;
}

}  // namespace hubward::http

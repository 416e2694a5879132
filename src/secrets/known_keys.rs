//! Private keys that everybody has.

/// Of each key the first eight bytes of the SHA-256 of what its armour holds, sorted, with where it was seen: keys that standards,
/// manuals and the tests of widely used projects publish. `tests/secrets/known_keys.py` collects them.
#[rustfmt::skip]
pub(super) const KNOWN_KEYS: [u64; 83] = [
    0x06e7_389b_22ff_4370, // pypi paramiko 3.5.1: tests/_support/ecdsa-256.key
    0x108f_fc57_bfb5_bc74, // npm ssh2 0.8.9: test/fixtures/id_ecdsa
    0x1284_afe1_9cad_e215, // crate jsonwebtoken 9.3.1: tests/rsa/private_rsa_key_pkcs1.pem
    0x144f_9341_267c_5801, // npm ssh2 0.8.9: test/fixtures/id_rsa
    0x1688_c614_c938_ec8a, // npm ssh2 0.8.9: test/fixtures/id_dsa
    0x1a01_276c_8580_4637, // crate openssl 0.10.75: test/dsa.pem
    0x1ef3_ae16_0e23_4410, // npm ssh2 0.8.9: test/fixtures/ssh_host_ecdsa_key
    0x233a_89ea_a6a1_0f88, // deb golang-golang-x-crypto-dev: golang.org/x/crypto/ssh/testdata/keys.go
    0x2584_680d_1208_7e6e, // crate ssh-key 0.6.7: tests/examples/id_ed25519
    0x2676_185b_5e6b_616a, // deb golang-golang-x-crypto-dev: golang.org/x/crypto/ssh/testdata/keys.go
    0x2913_d00e_ad41_11eb, // pypi urllib3 2.3.0: dummyserver/certs/server.key
    0x2969_756f_083b_f0f0, // deb golang-1.19-src: go-1.19/src/crypto/tls/tls_test.go
    0x2ae7_252c_217b_a345, // crate jsonwebtoken 9.3.1: tests/ecdsa/private_ecdsa_key.pem
    0x2bfe_360b_1745_5a8f, // pypi paramiko 3.5.1: tests/badhash_key2.ed25519.key
    0x2e33_5faf_2a79_5de1, // deb golang-golang-x-crypto-dev: golang.org/x/crypto/ssh/testdata/keys.go
    0x3032_5068_603a_16a0, // deb libpython3.11-testsuite: python3.11/test/keycert3.pem
    0x33b4_6df4_3123_6d22, // pypi paramiko 3.5.1: tests/test_ed25519-funky-padding.key
    0x3408_240a_ddec_619b, // crate jsonwebtoken 9.3.1: tests/ecdsa/private_jwtio.pem
    0x360f_24ec_6b3c_1934, // crate ssh-key 0.6.7: tests/examples/id_ecdsa_p256
    0x3617_21ec_e86b_2732, // pypi paramiko 3.5.1: tests/test_ecdsa_384.key
    0x3b82_fa05_ac66_f898, // deb golang-golang-x-crypto-dev: golang.org/x/crypto/ssh/testdata/keys.go
    0x3dad_339f_fec4_b52d, // crate openssl 0.10.75: test/rsa.pem
    0x3f56_93d1_091a_c6f5, // pypi PyJWT 2.10.1: tests/keys/testkey_rsa.priv
    0x41d9_9b9d_63e7_4db5, // crate ssh-key 0.6.7: tests/examples/id_ecdsa_p384
    0x4231_ab42_88d6_dec3, // crate ssh-key 0.6.7: tests/examples/id_rsa_3072
    0x4336_07a9_a895_1d60, // crate openssl 0.10.75: test/root-ca.key
    0x4677_a115_66e1_99f4, // npm ssh2 0.8.9: test/fixtures/openssh_new_rsa
    0x4769_8284_e7e7_1daf, // deb libpython3.11-testsuite: python3.11/test/idnsans.pem
    0x56fb_5326_a1d7_2a40, // deb vagrant: vagrant-2.3.4/keys/vagrant
    0x5d05_a721_ef92_1d3a, // deb golang-golang-x-crypto-dev: golang.org/x/crypto/ssh/testdata/keys.go
    0x5d87_9e70_a3fe_221e, // crate ssh-key 0.6.7: tests/examples/id_rsa_4096
    0x6726_3ca6_05cf_3b08, // deb golang-golang-x-crypto-dev: golang.org/x/crypto/ssh/testdata/keys.go
    0x6895_8369_6b45_9e5f, // crate jsonwebtoken 9.3.1: tests/ecdsa/private_jwtio_pkcs8.pem
    0x6e30_374d_218d_1c01, // npm ssh2 0.8.9: test/fixtures/bad_rsa_private_key
    0x7029_0362_95be_093b, // pypi tornado 6.4.2: tornado/test/test.key
    0x7109_827b_c594_2843, // pypi PyJWT 2.10.1: tests/keys/testkey_ec.priv
    0x72a8_5c0b_cf4d_a98f, // pypi paramiko 3.5.1: tests/_support/dss.key
    0x75b7_4101_4fb5_fc41, // deb golang-golang-x-crypto-dev: golang.org/x/crypto/ssh/testdata/keys.go
    0x787e_3fdd_e484_228d, // crate ssh-key 0.6.7: tests/examples/id_opaque
    0x7a4b_6a70_87fc_32b6, // npm ssh2 0.8.9: test/fixtures/ssh_host_dsa_key
    0x7ac0_e93e_01f9_5357, // deb golang-golang-x-crypto-dev: golang.org/x/crypto/ssh/testdata/keys.go
    0x8128_f28f_9365_5bef, // deb golang-1.19-src: go-1.19/src/crypto/tls/handshake_test.go
    0x83d4_d09f_6eb6_0626, // deb libpython3.11-testsuite: python3.11/test/pycakey.pem
    0x8547_eb98_3f31_a400, // deb libpython3.11-testsuite: python3.11/test/keycert.pem
    0x85f1_1ff5_a510_7ed9, // deb libpython3.11-testsuite: python3.11/test/keycertecc.pem
    0x8ffe_f375_b96e_9528, // deb libpython3.11-testsuite: python3.11/test/allsans.pem
    0x9115_742b_ffb7_e278, // deb golang-1.19-src: go-1.19/src/net/http/internal/testcert/testcert.go
    0x911a_557a_09dc_315e, // deb golang-golang-x-crypto-dev: golang.org/x/crypto/ssh/testdata/keys.go
    0x919c_314d_0044_c4e8, // crate jsonwebtoken 9.3.1: tests/eddsa/private_ed25519_key.pem
    0x92a9_ec65_1a85_b979, // deb golang-golang-x-crypto-dev: golang.org/x/crypto/ssh/testdata/keys.go
    0x9c0b_a9b4_f3e7_993a, // pypi paramiko 3.5.1: tests/_support/rsa-lonely.key
    0x9e02_f42b_085f_7bff, // deb golang-1.19-src: go-1.19/src/crypto/tls/handshake_server_test.go
    0xa604_6066_5af4_14a6, // pypi PyJWT 2.10.1: tests/keys/testkey_ed25519
    0xa70f_2430_4eba_8198, // deb libpython3.11-testsuite: python3.11/test/keycert4.pem
    0xaa93_7c27_0bfe_feac, // deb libpython3.11-testsuite: python3.11/test/badcert.pem
    0xb0d4_faa9_e111_2ecb, // deb golang-golang-x-crypto-dev: golang.org/x/crypto/ssh/testdata/keys.go
    0xb1a2_2da2_1484_690a, // pypi paramiko 3.5.1: tests/_support/ed448.key
    0xb3ad_7713_a580_7392, // pypi PyJWT 2.10.1: tests/keys/testkey_ec_secp192r1.priv
    0xb3b5_06cb_cd9c_10e0, // crate openssl 0.10.75: test/key.pem
    0xb62d_0f31_7074_3e57, // crate jsonwebtoken 9.3.1: tests/rsa/private_jwtio.pem
    0xc6fd_9271_9dc3_c791, // pypi paramiko 3.5.1: tests/test_ecdsa_521.key
    0xc77c_0a92_65ff_296b, // pypi paramiko 3.5.1: tests/test_rsa_openssh_nopad.key
    0xcd31_b2c7_1eca_b6d5, // pypi paramiko 3.5.1: tests/_support/ed25519.key
    0xd03e_32d8_f043_9fe6, // deb golang-1.19-src: go-1.19/src/crypto/tls/tls_test.go
    0xd1a6_a197_efd9_030e, // deb golang-golang-x-crypto-dev: golang.org/x/crypto/ssh/testdata/keys.go
    0xd2a2_98ee_33a4_02e3, // crate jsonwebtoken 9.3.1: tests/rsa/private_rsa_key_pkcs8.pem
    0xd490_a6d4_b005_6606, // deb golang-golang-x-crypto-dev: golang.org/x/crypto/ssh/testdata/keys.go
    0xd55e_9d9b_688c_5833, // pypi urllib3 2.3.0: dummyserver/certs/cacert.key
    0xd6cc_5320_e1cc_1030, // crate ssh-key 0.6.7: tests/examples/id_dsa_1024
    0xdcaf_2326_8e94_f8af, // crate openssl 0.10.75: test/intermediate-ca.key
    0xddb5_47bd_4234_8964, // npm ssh2 0.8.9: test/fixtures/ssh_host_rsa_key
    0xe2ac_7fcd_46da_5641, // deb golang-1.19-src: go-1.19/src/crypto/tls/handshake_test.go
    0xe678_cefe_f661_059f, // crate openssl 0.10.75: test/corrupted-rsa.pem
    0xea1d_e532_ff34_02bc, // deb golang-1.19-src: go-1.19/src/crypto/rsa/pkcs1v15_test.go
    0xeaad_1edc_3fe0_76e4, // deb golang-1.19-src: go-1.19/src/crypto/x509/x509_test.go
    0xf022_ad7b_7945_5ba6, // deb libpython3.11-testsuite: python3.11/test/keycert2.pem
    0xf139_e02d_7543_073f, // deb libpython3.11-testsuite: python3.11/test/nosan.pem
    0xf145_f5a7_94a6_20ef, // pypi paramiko 3.5.1: tests/badhash_key1.ed25519.key
    0xf2b5_e8f0_60eb_3f4c, // crate ssh-key 0.6.7: tests/examples/id_ecdsa_p521
    0xfa65_7a96_64ff_a170, // deb golang-golang-x-crypto-dev: golang.org/x/crypto/ssh/testdata/keys.go
    0xfc5d_71d9_39be_498a, // deb golang-1.19-src: go-1.19/src/crypto/tls/handshake_test.go
    0xfcae_760a_2384_bc86, // npm spdy-keys: keys/spdy-key.pem
    0xffdf_f065_7e09_322f, // deb golang-1.19-src: go-1.19/src/crypto/tls/example_test.go
];

int ppx_dummy_world(void);
int ppx_dummy_world(void) {
    return 0;
}

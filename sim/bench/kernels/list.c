// Linked list: found by key and by place, reversed, merge-sorted by a comparison that is passed in.
#include "bench.h"

struct node {
  struct node *next;
  int16_t key, place;
};
typedef int32_t order(const struct node *, const struct node *);

static int32_t by_key(const struct node *a, const struct node *b) { return a->key - b->key; }
static int32_t by_place(const struct node *a, const struct node *b) { return a->place - b->place; }

static struct node *reverse(struct node *list) {
  struct node *done = 0;
  while (list) {
    struct node *rest = list->next;
    list->next = done;
    done = list;
    list = rest;
  }
  return done;
}

static struct node *merge(struct node *a, struct node *b, order *compare) {
  struct node *head = 0, **tail = &head;
  while (a && b) {
    struct node **least = compare(a, b) <= 0 ? &a : &b;
    *tail = *least;
    tail = &(*least)->next;
    *least = *tail;
  }
  *tail = a ? a : b;
  return head;
}

// Runs of doubling length in `runs`: bit k of the count so far tells whether there is a run of 2^k nodes.
static struct node *sort(struct node *list, order *compare) {
  struct node *runs[16] = {0};
  while (list) {
    struct node *run = list;
    list = list->next;
    run->next = 0;
    int k = 0;
    for (; runs[k]; k++) {
      run = merge(runs[k], run, compare);
      runs[k] = 0;
    }
    runs[k] = run;
  }
  for (int k = 0; k < 16; k++) {
    if (runs[k]) list = list ? merge(runs[k], list, compare) : runs[k];
  }
  return list;
}

static const struct node *find_key(const struct node *list, int16_t key) {
  while (list && list->key != key) list = list->next;
  return list;
}

static const struct node *find_place(const struct node *list, int16_t place) {
  while (list && list->place != place) list = list->next;
  return list;
}

static uint32_t walk(const struct node *list) {
  uint32_t sum = 0;
  for (; list; list = list->next) sum = sum * 3 + (uint16_t)list->key + ((uint32_t)(uint16_t)list->place << 8);
  return sum;
}

uint32_t list_work(uint32_t seed, int nodes, int finds) {
  static struct node pool[LIST_MAX];
  struct node *list = 0;
  for (int i = 0; i < nodes; i++) {
    struct node *node = &pool[i * 37 % nodes];  // neighbours in the list are none in memory
    node->key = (int16_t)(next(&seed) & 0x1ff);
    node->place = (int16_t)i;
    node->next = list;
    list = node;
  }
  uint32_t sum = 0;
  for (int i = 0; i < finds; i++) {
    const struct node *found = find_key(list, (int16_t)(next(&seed) & 0x1ff));
    if (found) sum += (uint16_t)found->place;
    found = find_place(list, (int16_t)(next(&seed) % (uint32_t)nodes));
    if (found) sum += (uint16_t)found->key;
    list = reverse(list);
  }
  list = sort(list, by_key);
  sum = sum * 31 + walk(list);
  list = sort(list, by_place);
  return sum * 31 + walk(list);
}

static uint32_t run(uint32_t seed) { return list_work(seed, 101, 20); }

const struct kernel list_kernel = {"list", 0, run, 25};

-- Adds entries of receipts streams to the day's statistics and acknowledges them: of each entry both or neither.
-- KEYS  1.. statistics of an app and a day, of any of the partitions; then the streams
-- ARGV  1 consumer group  2 life of the statistics, s  3 number of KEYS that are statistics
--       4.. per stream: number of its entries; per entry: id, number of its counts, and per count: index into KEYS, field, number
-- Result  per entry 1, or 0 when it had been counted before
local group, life, statistics = ARGV[1], ARGV[2], tonumber(ARGV[3])
local results, totals = {}, {}
for s = 1, statistics do
  totals[s] = {}
end

-- Adds the counts of an entry, whose arguments begin at `at`.
local function add(at, counts)
  for i = at, at + 3 * counts - 1, 3 do
    local total, field = totals[tonumber(ARGV[i])], ARGV[i + 1]
    total[field] = (total[field] or 0) + ARGV[i + 2]
  end
end

local a = 4
for k = statistics + 1, #KEYS do
  local stream, entries = KEYS[k], tonumber(ARGV[a])
  local ids = {}
  a = a + 1
  for i = 1, entries do
    local id, counts = ARGV[a], tonumber(ARGV[a + 1])
    local fresh = redis.call('XACK', stream, group, id)
    if fresh == 1 then
      add(a + 2, counts)
    end
    ids[i] = id
    results[#results + 1] = fresh
    a = a + 2 + 3 * counts
  end
  redis.call('XDEL', stream, unpack(ids))
end
for s = 1, statistics do
  local key = KEYS[s]
  for field, number in pairs(totals[s]) do
    redis.call('HINCRBY', key, field, number)
  end
  redis.call('EXPIRE', key, life)
end
return results

-- Appends a notification to the inboxes of devices of one partition, once per device.
-- The sequence never falls below the time: even a Redis that lost its last moments hands out no number twice.
-- KEYS  1 sequence  2 online  3 expiry index  4 deliveries of the notification  5 receipts stream
--       6.. per device: inbox, device record, and with a collapse key its collapse index
--       then one deliveries key per displacement
-- ARGV  1 now, base 36  2 notification  3 expires at, ms  4 when its deliveries may be forgotten, ms
--       5 '1' = only devices that are online  6 collapse key or ''  7 bound of an inbox  8 app
--       9 number of devices  10.. their ids  then per displacement: index of the device, notification, step letter
-- Result  {deposited, repeated, unknown, online: {index, seq, previous seq, connections, …},
--          needed: {index, notification to displace, step letter, …}}
-- A device whose inbox is full, or holds an entry with the same collapse key, is deposited to only when the call names
-- the entry that has to give way (its deliveries key must be in KEYS): the caller asks again with what is `needed`.
local now, nid, collapseKey, bound = ARGV[1], ARGV[2], ARGV[6], tonumber(ARGV[7])
local onlineOnly = ARGV[5] == '1'
local n = tonumber(ARGV[9])
local stride = collapseKey ~= '' and 3 or 2
local deliveries = KEYS[4]
local lines = {}

local displacements = {}
local firstDisplaced = 5 + n * stride
for a = 10 + n, #ARGV, 3 do
  local index = tonumber(ARGV[a])
  local key = KEYS[firstDisplaced + (a - 10 - n) / 3 + 1]
  displacements[index] = displacements[index] or {}
  table.insert(displacements[index], { nid = ARGV[a + 1], letter = ARGV[a + 2], key = key })
end

local function displace(index, device, inbox, record)
  for _, old in ipairs(displacements[index] or {}) do
    local at = redis.call('ZSCORE', inbox, old.nid)
    if old.letter == 'x' and at then
      redis.call('HSET', record, 'floor', at)
    end
    if redis.call('ZREM', inbox, old.nid) == 1 then
      local state = redis.call('HGET', old.key, device)
      if state then
        redis.call('HSET', old.key, device, state .. ';' .. old.letter .. now)
        redis.call('HINCRBY', old.key, '#' .. old.letter, 1)
      end
      table.insert(lines, table.concat({ ARGV[8], old.nid, device, old.letter, now, '', '' }, '\t'))
    end
  end
end

-- The entry that has to give way before this device can be deposited to, or nil.
local function obstacle(inbox, k)
  if collapseKey ~= '' then
    local old = redis.call('HGET', KEYS[k + 3], collapseKey)
    if old and old ~= nid and redis.call('ZSCORE', inbox, old) then
      return old, 'c'
    end
  end
  if redis.call('ZCARD', inbox) >= bound then
    return redis.call('ZRANGE', inbox, 0, 0)[1], 'x'
  end
end

-- Fields whose entry has left the inbox are dropped when they are the most of them.
local function pruneCollapse(key, inbox)
  if redis.call('HLEN', key) <= 2 * redis.call('ZCARD', inbox) + 16 then
    return
  end
  local fields = redis.call('HGETALL', key)
  for f = 1, #fields, 2 do
    if not redis.call('ZSCORE', inbox, fields[f + 1]) then
      redis.call('HDEL', key, fields[f])
    end
  end
end

local function indexCollapse(key, inbox)
  redis.call('HSET', key, collapseKey, nid)
  pruneCollapse(key, inbox)
  local left = redis.call('PTTL', key)
  local wanted = tonumber(ARGV[3])
  if left < 0 or left + tonumber(now, 36) < wanted then
    redis.call('PEXPIREAT', key, wanted)
  end
end

local deposited, refused, repeated, unknown = 0, 0, 0, 0
local online, needed = {}, {}
local nowMs = tonumber(now, 36)
local late = nowMs >= tonumber(ARGV[3])
local seq = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), nowMs)
redis.call('SET', KEYS[1], string.format('%.0f', seq + n))
local connections = redis.call('HMGET', KEYS[2], unpack(ARGV, 10, 9 + n))

for i = 1, n do
  local k = 5 + (i - 1) * stride
  local inbox, device, connected = KEYS[k + 1], ARGV[9 + i], connections[i]
  if redis.call('EXISTS', KEYS[k + 2]) == 0 then
    unknown = unknown + 1
  elseif redis.call('HEXISTS', deliveries, device) == 1 then
    repeated = repeated + 1
    local at = connected and redis.call('ZSCORE', inbox, nid)
    if at then
      local before = redis.call('ZREVRANGEBYSCORE', inbox, '(' .. at, '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
      table.insert(online, i)
      table.insert(online, at)
      table.insert(online, before[2] or '0')
      table.insert(online, connected)
    end
  elseif late or (onlineOnly and not connected) then
    redis.call('HSET', deliveries, device, 'q' .. now .. ';e' .. now .. ',,' .. (late and 'late' or 'offline'))
    refused = refused + 1
  else
    displace(i, device, inbox, KEYS[k + 2])
    local old, letter = obstacle(inbox, k)
    if old then
      table.insert(needed, i)
      table.insert(needed, old)
      table.insert(needed, letter)
    else
      local last = connected and redis.call('ZRANGE', inbox, -1, -1, 'WITHSCORES')
      redis.call('ZADD', inbox, string.format('%.0f', seq + i), nid)
      redis.call('HSET', deliveries, device, 'q' .. now)
      if collapseKey ~= '' then
        indexCollapse(KEYS[k + 3], inbox)
      end
      deposited = deposited + 1
      if connected then
        table.insert(online, i)
        table.insert(online, seq + i)
        table.insert(online, last[2] or '0')
        table.insert(online, connected)
      end
    end
  end
end

if deposited + refused > 0 then
  redis.call('HINCRBY', deliveries, '#q', deposited + refused)
  if refused > 0 then
    redis.call('HINCRBY', deliveries, '#e', refused)
  end
  redis.call('PEXPIREAT', deliveries, ARGV[4])
  redis.call('ZADD', KEYS[3], ARGV[3], nid)
  table.insert(lines, table.concat({ ARGV[8], nid, '', 'q', now, '', deposited + refused }, '\t'))
end
if #lines > 0 then
  redis.call('XADD', KEYS[5], '*', 'd', table.concat(lines, '\n'))
end
return { deposited + refused, repeated, unknown, online, needed }

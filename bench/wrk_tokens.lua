-- wrk asks for the path with one session token after the other, from the file that TOKENS names.
local tokens, at = {}, 0

function init()
   for line in io.lines(os.getenv("TOKENS")) do
      tokens[#tokens + 1] = { ["X-Session-Token"] = line }
   end
end

function request()
   at = at % #tokens + 1
   return wrk.format("GET", nil, tokens[at])
end

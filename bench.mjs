import {spawn} from 'node:child_process'; import {once} from 'node:events'
const O=[{jsonrpc:'2.0',id:0,method:'initialize',params:{protocolVersion:'2025-06-18',capabilities:{},clientInfo:{name:'b',version:'1'}}},{jsonrpc:'2.0',method:'notifications/initialized'},{jsonrpc:'2.0',id:1,method:'tools/list',params:{}}].map(m=>JSON.stringify(m)+'\n').join('')
async function once1(args){const t=performance.now();const c=spawn(process.execPath,args,{stdio:['pipe','pipe','inherit']});const ex=once(c,'exit');c.stdin.write(O);let s='';for await(const d of c.stdout){s+=d;if(s.includes('"id":1,')||s.includes('"id":1}'))break}
const r=performance.now()-t;c.kill('SIGKILL');await ex;return r}
const sets=process.argv.slice(2).map(a=>a.split(' '));const res=sets.map(()=>[]);
for(let i=0;i<41;i++)for(let j=0;j<sets.length;j++)res[j].push(await once1(sets[j]));
sets.forEach((s,j)=>{const r=res[j].sort((a,b)=>a-b);console.log(s.join(' ').padEnd(60),'med',r[20].toFixed(1),'min',r[0].toFixed(1),'p25',r[10].toFixed(1))})
